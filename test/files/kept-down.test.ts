import { expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { mostKeptBytes, recordedDown } from '../../src/files/kept-down.js';

type Down = (queryRunner: QueryRunner) => Promise<unknown>;
let calls = 0;
const outside = (): string => `${(calls += 1)}`;

class Written {
  readonly table = 'users';
  async empty(): Promise<void> {}
  async plain(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX "a"`);
    await queryRunner.query('UPDATE t SET a = $1 /* `${b}` */', ['x', 1, null]);
  }
  async own(queryRunner: QueryRunner): Promise<void> {
    const names = ['a', 'b'];
    for (const name of names) {
      const sql = `DROP TABLE ${name}`;
      await queryRunner.query(sql);
    }
    await Promise.resolve();
  }
  async asksThis(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ${this.table}`);
  }
}

const prototype = Written.prototype as unknown as Record<string, Down>;

it.each<[string, Down | undefined, readonly object[] | undefined]>([
  ['one that does nothing', prototype['empty'], []],
  [
    'queries, with parameters',
    prototype['plain'],
    [{ sql: 'DROP INDEX "a"' }, { sql: 'UPDATE t SET a = $1 /* `${b}` */', parameters: ['x', 1, null] }],
  ],
  [
    'a loop over names of its own',
    async (queryRunner) => {
      for (const name of ['a', 'b']) await queryRunner.query(`DROP TABLE ${name}`);
    },
    [{ sql: 'DROP TABLE a' }, { sql: 'DROP TABLE b' }],
  ],
  [
    'a mapped list',
    async (queryRunner) => {
      const made = ['a', 'b'].map((name) => `DROP TABLE ${name}`);
      await queryRunner.query(made.join('; '));
    },
    [{ sql: 'DROP TABLE a; DROP TABLE b' }],
  ],
  ['anything global', prototype['own'], undefined],
  ['this', prototype['asksThis'], undefined],
  ['a function from outside', async (queryRunner) => queryRunner.query(outside()), undefined],
  ['a function from outside as a default', async (queryRunner, sql = outside()) => queryRunner.query(sql), undefined],
  [
    'a function from outside in a pattern',
    async (queryRunner) => {
      const [sql = outside()] = [];
      await queryRunner.query(sql);
    },
    undefined,
  ],
  [
    'one that reads',
    async (queryRunner) => {
      const rows = (await queryRunner.query('SELECT 1 AS n')) as { n: number }[];
      for (const { n } of rows) await queryRunner.query(`DROP TABLE t${n}`);
    },
    undefined,
  ],
  [
    'one that reads and ignores the result',
    async (queryRunner) => {
      const rows = (await queryRunner.query('SELECT 1 AS n')) as { n: number }[] | undefined;
      const isThere = await Promise.resolve(rows).then(
        (found) => found?.length,
        () => 0,
      );
      await queryRunner.query(`DROP TABLE t${isThere}`);
    },
    undefined,
  ],
  ['a method of the query runner', async (queryRunner) => queryRunner.dropTable('t'), undefined],
  ['a property of it', async (queryRunner) => queryRunner.query(`DROP TABLE ${queryRunner.data['x']}`), undefined],
  ['parameters other than plain values', async (queryRunner) => queryRunner.query('SELECT $1', [{}]), undefined],
  [
    'too much',
    async (queryRunner) => {
      for (let n = 0; n < 400; n += 1) await queryRunner.query(`SELECT '${'x'.repeat(1024)}'`);
    },
    undefined,
  ],
])('of a down with %s', async (_title, down, expected) => {
  expect(await recordedDown(down as Down)).toEqual(expected);
  expect([calls, mostKeptBytes]).toEqual([0, 262_144]);
});
