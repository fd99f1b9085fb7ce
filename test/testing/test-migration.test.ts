import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { testMigration } from '../../src/testing/index.js';
import type { TestMigrationOptions } from '../../src/testing/index.js';
import { serverUrl } from '../support/database.js';
import { failureOf } from '../support/migrations.js';
import { sample } from '../support/sample.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const files: Readonly<Record<string, string>> = {
  '1700000000001-CreateUsers.sql': `-- up\nCREATE TABLE users (id serial PRIMARY KEY, name text);\n-- down\nDROP TABLE users;`,
  '1700000000004-SplitNames.js': `
exports.SplitNamesStep11700000000003 = class SplitNamesStep11700000000003 {
  name = 'SplitNamesStep11700000000003';
  up(queryRunner) { return queryRunner.query('ALTER TABLE users ADD first text, ADD last text'); }
  down(queryRunner) { return queryRunner.query('ALTER TABLE users DROP first, DROP last'); }
};
exports.SplitNames1700000000004 = class SplitNames1700000000004 {
  name = 'SplitNames1700000000004';
  static steps = 2;
  async up(queryRunner) {
    await queryRunner.query("UPDATE users SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2)");
    await queryRunner.query('ALTER TABLE users DROP name');
  }
  async down(queryRunner) {
    await queryRunner.query('ALTER TABLE users ADD name text');
    await queryRunner.query("UPDATE users SET name = first || ' ' || last");
  }
};`,
  '1700000000005-Average.sql': `-- up\nCREATE TABLE averages AS SELECT 1 / (count(*) - 1) AS average FROM users;`,
  '1700000000006-Later.sql': `-- up\nDROP TABLE users;\n-- down\nCREATE TABLE users (id int);`,
};

let project: TestProject;
beforeAll(() => {
  project = createProject({});
  for (const [name, text] of Object.entries(files)) utimesSync(project.write(`migrations/${name}`, text), 1000, 1000);
});
afterAll(() => project.remove());

const test = (name: string, options: TestMigrationOptions, where: object = { server: serverUrl() }): Promise<void> =>
  testMigration(
    new DataSource({
      type: 'postgres',
      url: 'postgres://a:b@127.0.0.1:1/none',
      migrations: [join(project.dir, 'migrations/*')],
    }),
    name,
    { ...options, ...where },
  );
const insert = (db: DataSource): Promise<unknown> => db.query(`INSERT INTO users (name) VALUES ('Ada Lovelace')`);

describe('testMigration', () => {
  it.each(sample(['on a server', 'in the process'], 2))(
    'executes a change on rows, up, down and up, %s',
    async (place) => {
      const seen: unknown[] = [];
      const look = async (db: DataSource): Promise<unknown> =>
        seen.push(...(await db.query<unknown[]>('SELECT * FROM users')));
      const options = { before: insert, after: look, reverted: look };
      await test('SplitNames', options, place === 'on a server' ? { server: serverUrl() } : {});
      expect(seen).toEqual([
        { id: 1, first: 'Ada', last: 'Lovelace' },
        { id: 1, name: 'Ada Lovelace' },
      ]);
    },
  );

  it('accepts one step of a change, the first migration, and one that cannot be reverted', async () => {
    const columns: unknown[] = [];
    const look = async (db: DataSource): Promise<unknown> =>
      columns.push(
        (
          await db.query(
            `SELECT string_agg(attname, ' ' ORDER BY attnum) AS names FROM pg_attribute WHERE attrelid = to_regclass('users') AND attnum > 0 AND NOT attisdropped`,
          )
        )[0]?.names,
      );
    await test('SplitNamesStep11700000000003', { after: look, reverted: look });
    await test('1700000000001-CreateUsers.sql', { after: look, reverted: look });
    await test('Average', { after: look, reverted: false });
    expect(columns).toEqual(['id name first last', 'id name', 'id name', null, 'id first last']);
  });

  it('fails if the migration or the test fails', async () => {
    const after = (): void => undefined;
    const fails = async (name: string, options: TestMigrationOptions): Promise<readonly unknown[]> => {
      const { code, message } = await failureOf(test(name, options));
      return [code, message];
    };
    const rows = (db: DataSource): Promise<unknown> => db.query(`INSERT INTO users (first) VALUES ('Ada')`);
    expect(await fails('Average', { before: rows, after })).toEqual([
      'MIGRATION_FAILED',
      expect.stringContaining('division by zero'),
    ]);
    expect(await fails('Average', { after })).toEqual([
      'MIGRATION_FAILED',
      expect.stringContaining('cannot be reverted'),
    ]);
    expect(await fails('Nothing', { after })).toEqual([
      'MIGRATION_UNKNOWN',
      expect.stringContaining('There is no migration "Nothing"'),
    ]);
    const assert = (): never => {
      throw new Error('not as expected');
    };
    expect(await fails('CreateUsers', { after: assert })).toEqual([undefined, 'not as expected']);
  });
});
