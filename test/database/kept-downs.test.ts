import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { itInFull } from '../support/sample.js';

const dataSource = (settings = '') => `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.{ts,sql}'] }${settings});
`;
/** A class with these methods, as people write it. */
const written = (name: string, down: string, more = '') => `import { rmSync } from 'node:fs';
export class ${name} {
  ${more}
  async up(queryRunner) {
    await queryRunner.query('CREATE TABLE ${name.slice(0, -13).toLowerCase()} (id int, n int)');
  }
  async down(queryRunner) {
    ${down}
  }
}
export const used = rmSync;
`;
const drop = (table: string): string => `await queryRunner.query('DROP TABLE ${table}');`;
const index = `export class Index1700000000003 {
  transaction = false;
  async up(queryRunner) {
    await queryRunner.query('CREATE INDEX CONCURRENTLY by_n ON pets (n)');
    await queryRunner.query('INSERT INTO pets VALUES (1, 1)');
  }
  async down(queryRunner) {
    await queryRunner.query('DELETE FROM pets WHERE n = $1', [1]);
    await queryRunner.query('DROP INDEX CONCURRENTLY by_n');
  }
}
`;

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({ 'data-source.ts': dataSource(), '.env': `DATABASE_URL=${database.url}\n` });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

const cli = (...args: string[]) => runCli(args, { cwd: project.dir });
const json = async (...args: string[]) => JSON.parse((await cli(...args, '--json')).stdout);
const remove = (file: string): void => project.delete(`migrations/${file}`);
const kept = async (): Promise<unknown[]> =>
  (await database.query('SELECT migration FROM migrations_downs ORDER BY migration')).map((row) => row['migration']);
const isThere = async (relation: string): Promise<unknown> =>
  (await database.query('SELECT to_regclass($1) IS NOT NULL AS there', [relation]))[0]?.['there'];

const users = '-- up\nCREATE TABLE users (id int);\n-- down\nDROP TABLE users; -- all\n';

describe('a migration whose file is gone', () => {
  beforeEach(async () => {
    project.write('migrations/1700000000001-Users.sql', users);
    project.write('migrations/1700000000002-Pets.ts', written('Pets1700000000002', drop('pets')));
    project.write('migrations/1700000000003-Index.ts', index);
  });

  it('is reverted by the statements that were stored when it was applied, in the same transaction mode', async () => {
    expect((await cli('run')).code).toBe(0);
    expect(await kept()).toEqual(['Index1700000000003', 'Pets1700000000002', 'Users1700000000001']);
    remove('1700000000003-Index.ts');
    remove('1700000000001-Users.sql');
    const { problems, newer } = await json('status');
    expect(problems).toMatchObject([{ code: 'FILE_MISSING', migration: 'Users1700000000001', revertible: true }]);
    expect(newer).toMatchObject([{ name: 'Index1700000000003', revertible: true }]);
    const { stdout } = await cli('status');
    expect(stdout).toContain('its file is not here: the statements that revert it are kept in the database');
    expect(stdout).toContain('are kept in the database: nest-migrate revert');
    const dry = await cli('revert', '--dry-run');
    expect(dry.stdout).toMatch(/^DELETE FROM pets WHERE n = \$1;\n-- with \[1\]\n.*DROP INDEX CONCURRENTLY by_n;/ms);
    const says =
      'Index1700000000003: its file is not here; reverting with the statements that were kept when it was applied.';
    expect(dry.stderr).toContain(says);
    expect(await isThere('by_n')).toBe(true);
    const reverted = await cli('revert');
    expect([reverted.code, reverted.stderr]).toEqual([0, expect.stringContaining(says)]);
    expect(reverted.stderr).toContain('Index1700000000003 runs without a transaction');
    expect(await isThere('by_n')).toBe(false);
    expect(await kept()).toEqual(['Pets1700000000002', 'Users1700000000001']);
    const rest = await json('revert', '--all');
    expect(rest.kept).toEqual(['Users1700000000001']);
    expect(rest.reverted).toHaveLength(2);
    expect([await isThere('users'), await kept()]).toEqual([false, []]);
  });

  itInFull('continues where reverting it stopped', async () => {
    await cli('run');
    remove('1700000000003-Index.ts');
    await database.query('DROP INDEX by_n; CREATE VIEW by_n AS SELECT 1');
    const failed = await cli('revert');
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('Its first statement is done and stays')]);
    await database.query('DROP VIEW by_n; CREATE INDEX by_n ON pets (n)');
    const again = await cli('revert');
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('continues after 1 finished statement')]);
  });

  itInFull('is kept beside a log of 0.1 as well', async () => {
    project.delete('migrations/1700000000003-Index.ts');
    await cli('run');
    await database.query(`DROP TABLE migrations_downs;
      ALTER TABLE migrations_log DROP COLUMN change, DROP COLUMN xid, DROP COLUMN progress, DROP COLUMN service`);
    project.write('migrations/1700000000003-Index.ts', index);
    await cli('run');
    expect(await kept()).toEqual(['Index1700000000003']);
    remove('1700000000003-Index.ts');
    expect((await json('revert')).kept).toEqual(['Index1700000000003']);
    expect(await isThere('by_n')).toBe(false);
    expect((await json('revert')).kept).toBeUndefined();
  });

  it('cannot be run again, so redo reverts nothing', async () => {
    await cli('run');
    remove('1700000000003-Index.ts');
    const { code, stderr } = await cli('redo');
    expect([code, stderr]).toEqual([1, expect.stringContaining('so it cannot be run again. Nothing was changed.')]);
    expect(await isThere('by_n')).toBe(true);
  });

  it('is distinguished from one that another tool has applied since', async () => {
    await cli('run');
    await database.query(`WITH gone AS (DELETE FROM migrations WHERE name = 'Pets1700000000002' RETURNING timestamp, name)
      INSERT INTO migrations (timestamp, name) SELECT * FROM gone`);
    remove('1700000000002-Pets.ts');
    const { code, stderr } = await cli('revert');
    expect([code, stderr]).toEqual([1, expect.stringContaining('no statements were kept that revert it')]);
    expect((await json('status')).problems).toMatchObject([{ code: 'FILE_MISSING', revertible: false }]);
  });

  it('is ignored if it belongs to another service', async () => {
    project.write('data-source.ts', dataSource(`, { service: 'one' }`));
    await cli('run');
    for (const file of ['1700000000001-Users.sql', '1700000000002-Pets.ts', '1700000000003-Index.ts']) remove(file);
    project.write('data-source.ts', dataSource(`, { service: 'other' }`));
    project.write('migrations/1700000000004-Own.sql', '-- up\nSELECT 1;\n');
    const { stdout } = await cli('revert', '--all');
    expect(stdout).toBe('Nothing to do: nothing is applied.\n');
    expect(await kept()).toHaveLength(3);
  });
});

describe('statements are not stored', () => {
  const lines = {
    Reads1700000000001: `const rows = await queryRunner.query('SELECT 1 AS n'); if (rows[0].n === 1) { ${drop('reads')} }`,
    Asks1700000000002: 'await queryRunner.dropTable("asks");',
    Deletes1700000000003: `rmSync(__dirname + '/../keep.txt'); ${drop('deletes')}`,
    Secret1700000000004: `await queryRunner.query("ALTER ROLE app PASSWORD 'geheim'");`,
    Long1700000000005: `await queryRunner.query('SELECT 1 /* ${'x'.repeat(262_144)} */');`,
  };

  it('for a down that reads, does anything besides sending queries, contains a password, or is too long', async () => {
    project.write('keep.txt', '');
    for (const [name, down] of Object.entries(lines))
      project.write(`migrations/${name.slice(-13)}-${name.slice(0, -13)}.ts`, written(name, down));
    project.write(
      'migrations/1700000000006-Login.sql',
      `-- up\nSELECT 1;\n-- down\nALTER ROLE app PASSWORD 'geheim';\n`,
    );
    expect((await cli('run')).code).toBe(0);
    expect([await kept(), project.has('keep.txt')]).toEqual([[], true]);
    remove('1700000000006-Login.sql');
    const { code, stderr } = await cli('revert');
    expect([code, stderr]).toEqual([1, expect.stringContaining('no statements were kept that revert it')]);
    expect((await cli('status')).stdout).toContain('Cannot be reverted, because there is no file: Login1700000000006.');
  });

  it('if the setting forbids it', async () => {
    project.write('data-source.ts', dataSource(', { keepDown: false }'));
    project.write('migrations/1700000000001-Users.sql', users);
    expect((await cli('run')).code).toBe(0);
    expect(await isThere('migrations_downs')).toBe(false);
    // One that was kept before is forgotten with what it belongs to.
    await cli('revert');
    project.write('data-source.ts', dataSource());
    await cli('run');
    project.write('data-source.ts', dataSource(', { keepDown: false }'));
    await cli('revert');
    expect(await kept()).toEqual([]);
  });

  it('if the role may not create the table, which is reported while migrations run', async () => {
    const role = `kept_${database.name}`;
    project.write('migrations/1700000000001-Users.sql', users);
    await cli('run');
    await database.query(`DROP TABLE migrations_downs; REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE ${role} LOGIN PASSWORD 'x';
      GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    try {
      project.write('.env', `DATABASE_URL=${database.urlFor(role, 'x')}\n`);
      project.write(
        'migrations/1700000000002-Fill.sql',
        '-- up\nINSERT INTO users VALUES (1);\n-- down\nDELETE FROM users;\n',
      );
      const created = await cli('run');
      expect([created.code, created.stderr]).toEqual([0, expect.stringContaining('this role may not create it')]);
      expect((await cli('revert')).code).toBe(0);
      await database.query('CREATE TABLE migrations_downs ()');
      const denied = await cli('run');
      expect([denied.code, denied.stderr]).toEqual([0, expect.stringContaining('this role may not write to it')]);
    } finally {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
