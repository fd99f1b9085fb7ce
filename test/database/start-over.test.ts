import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.sql'] });
`;

let project: TestProject;
beforeAll(() => {
  project = createProject({
    'package.json': '{ "name": "app" }',
    'data-source.ts': dataSource,
    'migrations/1700000000001-users.sql':
      '-- up\nCREATE TABLE users (id int PRIMARY KEY);\n-- down\nDROP TABLE users;\n',
  });
});
afterAll(() => project.remove());

const cli = (env: Readonly<Record<string, string>>, ...args: string[]) => runCli(args, { cwd: project.dir, env });

describe('database create and drop', () => {
  let admin: TestDatabase;
  beforeAll(async () => {
    admin = await createDatabase();
  });
  afterAll(() => admin.drop());
  const missing = (): { readonly name: string; readonly url: string } => {
    const name = `${admin.name}_new`;
    return { name, url: serverUrl().replace(/\/postgres$/, `/${name}`) };
  };

  it('creates a database that is missing, and drops it when it is named', async () => {
    const { name, url } = missing();
    const env = { DATABASE_URL: url };
    const run = await cli(env, 'run');
    expect(run.stderr).toContain('→ Create it: nest-migrate database create');
    const created = await cli(env, 'database', 'create');
    expect([created.code, created.stdout]).toEqual([0, `The database ${name} was created.\n`]);
    expect((await cli(env, 'run')).code).toBe(0);
    const again = await cli(env, 'database', 'create', '--json');
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, { database: name, state: 'existed' }]);

    for (const [args, more, said] of [
      [[], {}, `can be lost: nest-migrate database drop --yes-drop ${name}\n`],
      [['--yes-drop', 'other'], {}, `--yes-drop names other, but the database is ${name}.`],
      [[], { NODE_ENV: 'production' }, 'NODE_ENV is production'],
      [[], { DATABASE_URL: `postgres://db.invalid/${name}` }, 'db.invalid'],
    ] as const) {
      const refused = await cli({ ...env, ...more }, 'database', 'drop', ...args);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(said)]);
      expect(refused.stderr).toContain('Nothing was dropped.');
    }
    const terminal = ['--import', resolve('test/support/terminal.mjs'), resolve('dist/esm/cli/main.js')];
    const kept = await runNode([...terminal, 'database', 'drop'], { cwd: project.dir, env, input: 'n\n' });
    expect([kept.code, kept.stderr]).toEqual([2, expect.stringMatching(/Continue\? \(y\/N\)[^]*Nothing was dropped/)]);
    const session = await runBeside(url, () => cli(env, 'database', 'drop', '--yes-drop', name));
    expect([session.code, session.stderr]).toEqual([1, expect.stringMatching(/in use.*\n.*pid \d+ \(an app, user/)]);
    const dropped = await runBeside(url, () => cli(env, 'database', 'drop', '--yes-drop', name, '--force', '--json'));
    expect([dropped.code, JSON.parse(dropped.stdout)]).toEqual([0, { database: name, state: 'dropped' }]);
    const gone = await cli({ ...env, NODE_ENV: 'production' }, 'database', 'drop', '--yes-drop', name);
    expect([gone.code, gone.stdout]).toEqual([0, `The database ${name} does not exist.\n`]);
  });

  it('says what the DBA has to execute for a role that may not', async () => {
    const name = `${admin.name}_denied`;
    const role = await createRole();
    try {
      const url = admin.urlFor(role.name, role.password).replace(/\/\w+$/, `/${name}`);
      const { code, stderr } = await cli({ DATABASE_URL: url }, 'database', 'create');
      expect([code, stderr]).toEqual([1, expect.stringContaining(`CREATE DATABASE "${name}" OWNER "${role.name}"`)]);
      expect(stderr).not.toContain(role.password);
      const owned = admin.urlFor(role.name, role.password);
      const drop = await cli({ DATABASE_URL: owned }, 'database', 'drop', '--yes-drop', admin.name);
      expect([drop.code, drop.stderr]).toEqual([1, expect.stringContaining(`DROP DATABASE "${admin.name}"`)]);
    } finally {
      await role.drop();
    }
  });

  it('makes and removes the folder of the embedded database', async () => {
    const env = { NEST_MIGRATE_EMBEDDED: '.nest-migrate/postgres' };
    const states: unknown[] = [];
    for (const args of [['create'], ['create'], ['drop', '--yes-drop', 'postgres'], ['drop', '--yes-drop', 'postgres']])
      states.push(JSON.parse((await cli(env, 'database', ...args, '--json')).stdout));
    const database = 'postgres';
    expect(states).toEqual(['created', 'existed', 'dropped', 'absent'].map((state) => ({ database, state })));
    expect(project.has('.nest-migrate/postgres')).toBe(false);
  });
});

/** While an app is connected. */
async function runBeside<T>(url: string, work: () => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, application_name: 'an app' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work();
  } finally {
    await client.end().catch(() => undefined);
  }
}
