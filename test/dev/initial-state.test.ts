import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { sample } from '../support/sample.js';

/** What a DBA prepares in other databases. */
const initialState = `SET search_path TO public; CREATE SCHEMA audit;
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;`;

let project: TestProject;
let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({
    'package.json': JSON.stringify({ name: 'blog', 'nest-migrate': { initialState } }),
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['*.entity.js'], migrations: ['migrations/*.sql'] });
`,
    'post.entity.js': `const { EntitySchema } = require('typeorm');
exports.Post = new EntitySchema({ name: 'post', columns: { id: { type: 'int', primary: true } } });
`,
    'migrations/1700000000001-Post.sql': `-- up
CREATE TABLE post (id int NOT NULL, CONSTRAINT "PK_be5fda3aac270b134ff9c21cdee" PRIMARY KEY (id));
CREATE TRIGGER note BEFORE INSERT ON post FOR EACH ROW EXECUTE FUNCTION audit.note();
-- down
DROP TABLE post;
`,
  });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

const cli = (...args: string[]): Promise<CliResult> =>
  runCli(args, { cwd: project.dir, env: { DATABASE_URL: database.url } });

it.each(sample([[['dev']], [['run']], [['fresh', '--yes-drop', 'postgres']]], 3))(
  'is made in a new embedded database by %j',
  async (args) => {
    const { stderr, code } = await runCli(args, { cwd: project.dir, env: {} });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('✖')]);
  },
);

it('is made by fresh, which has dropped it, and by dev in an empty database; run leaves that to an administrator', async () => {
  const failed = await cli('run');
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('schema "audit" does not exist')]);
  for (const args of [['dev'], ['fresh', '--yes-drop', database.name], ['fresh', '--yes-drop', database.name]]) {
    const { code, stderr } = await cli(...args, ...(args[0] === 'dev' ? ['--shadow', serverUrl()] : []));
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('✖')]);
  }
  // Not in a database with objects of its own.
  await database.query('DROP SCHEMA audit CASCADE');
  expect((await cli('dev', '--shadow', serverUrl())).code).toBe(0);
  expect(await database.query(`SELECT to_regnamespace('audit') AS audit`)).toEqual([{ audit: null }]);
});

it('fails as a whole if the role may not make it', async () => {
  const role = await createRole();
  await database.query(`GRANT ALL ON SCHEMA public TO "${role.name}"`);
  const url = database.urlFor(role.name, role.password);
  const { code, stderr } = await runCli(['dev'], { cwd: project.dir, env: { DATABASE_URL: url } });
  expect(code).toBe(1);
  expect(stderr).toContain(
    'The setting initialState could not be executed in this empty database: permission denied for database',
  );
  expect(stderr).toContain(
    '→ This role may not execute it. Execute it once as a role that may, then run the command again.',
  );
  await database.query(`DROP OWNED BY "${role.name}"`);
  await role.drop();
});
