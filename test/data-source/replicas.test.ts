import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({
    'package.json': '{ "name": "app", "type": "commonjs" }',
    'data-source.js': `const { DataSource } = require('typeorm');
module.exports = new DataSource({ type: 'postgres', migrations: ['migrations/*.sql'], replication: {
  master: { url: process.env.DATABASE_URL }, slaves: [{ url: 'postgres://app:secret@127.0.0.1:1/replica' }] } });
`,
    'migrations/1700000000001-users.sql': '-- up\nCREATE TABLE users (id int);\n-- down\nDROP TABLE users;\n',
  });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

it('commands need no replica', async () => {
  for (const [command, said] of [
    ['run', /Users1700000000001 applied/],
    ['status', /1 migration applied/],
    ['revert', /Users1700000000001 reverted/],
  ] as const) {
    const { code, stdout, stderr } = await runCli([command], {
      cwd: project.dir,
      env: { DATABASE_URL: database.url },
    });
    expect([code, stdout + stderr]).toEqual([0, expect.stringMatching(said)]);
  }
});
