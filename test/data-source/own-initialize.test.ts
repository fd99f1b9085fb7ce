import { expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';

it('a data source may add something of its own to initialize() while its file is read', async () => {
  const database = await createDatabase();
  const project = createProject({
    'package.json': '{ "name": "app" }',
    '.env': `DATABASE_URL=${database.url}\n`,
    'data-source.js': `require('dotenv/config');
const { DataSource } = require('typeorm');
const dataSource = new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, migrations: [__dirname + '/migrations/*.js'] });
const initialize = dataSource.initialize.bind(dataSource);
dataSource.initialize = async () => {
  await initialize();
  const [{ one }] = await dataSource.query('SELECT 1 AS one');
  console.log('connected', one);
  return dataSource;
};
module.exports = { dataSource };
`,
    'migrations/1700000000000-One.js': `module.exports.One1700000000000 = class One1700000000000 {
  async up(queryRunner) { await queryRunner.query('CREATE TABLE one (id int)'); }
  async down(queryRunner) { await queryRunner.query('DROP TABLE one'); }
};
`,
  });
  try {
    const { code, stderr, stdout } = await runCli(['run'], { cwd: project.dir });
    expect(stderr).toContain('connected 1');
    expect(stdout).toContain('1 migration applied');
    expect(code).toBe(0);
  } finally {
    project.remove();
    await database.drop();
  }
});
