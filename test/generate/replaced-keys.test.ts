import { describe, expect, it } from '@jest/globals';
import { evolve } from '../support/evolve.js';
import { sample } from '../support/sample.js';
import { bare, entity } from './cases/case.js';
import type { Case, Column } from './cases/case.js';

const int: Column = { type: 'int' };
const two = { a: int, b: int };
const rows = ['INSERT INTO t (a, b) VALUES (1, 1), (2, 1)'];
const table = (more: object) => [entity('t', two, more)];
const key = (name: string, ...columns: readonly string[]) => ({ uniques: [{ name, columns: [...columns] }] });
const index = (name: string, columns: readonly string[], more = {}) => ({
  indices: [{ name, columns: [...columns], unique: true, ...more }],
});
const ofBoth = { table: 't', columns: 'a, b' };
const ofOne = { table: 't', columns: 'a' };
const integer: Column = { type: 'int', primary: true };
/** A foreign key to a column that is unique, but not the primary key. */
const child = entity(
  'u',
  { one: int },
  { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['one'], referencedColumnNames: ['a'] }] },
);

const partitioned = (of: string) => ({
  up: [
    'CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL) PARTITION BY LIST (a)',
    'CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1)',
    'CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2)',
    of,
  ],
  down: ['DROP TABLE t'],
});
const onPartitions = (more: object) => [bare('t', { a: integer, b: int }, more)];
const ofPartitions = {
  before: [bare('other', { id: integer })],
  rows,
  options: { prune: true, ignore: ['table:t_*'] },
  stays: ['table t_1', 'table t_2'],
};

/** In each of them, some key forbids duplicates before and after the change. */
const cases: readonly Case[] = [
  {
    name: 'a key becomes an index of another name',
    before: table(key('old', 'a', 'b')),
    after: table(index('now', ['a', 'b'])),
    rows,
    staysUnique: ofBoth,
    sql: [
      'DROP INDEX CONCURRENTLY IF EXISTS "public"."now"',
      'CREATE UNIQUE INDEX CONCURRENTLY now ON public.t USING btree (a, b)',
      'ALTER TABLE "public"."t" DROP CONSTRAINT "old"',
    ],
  },
  {
    name: 'an index becomes a key of another name, which only renames it',
    before: table(index('old', ['a', 'b'])),
    after: table(key('now', 'a', 'b')),
    rows,
    staysUnique: ofBoth,
    sql: ['ALTER TABLE "public"."t" ADD CONSTRAINT "now" UNIQUE USING INDEX "old"'],
  },
  {
    name: 'a key gets another name',
    before: table(key('old', 'a', 'b')),
    after: table(key('now', 'a', 'b')),
    rows,
    staysUnique: ofBoth,
    sql: ['ALTER TABLE "public"."t" RENAME CONSTRAINT "old" TO "now"'],
  },
  {
    name: 'an index gets another name',
    before: table(index('old', ['a', 'b'])),
    after: table(index('now', ['a', 'b'])),
    rows,
    staysUnique: ofBoth,
    sql: ['ALTER INDEX "public"."old" RENAME TO "now"'],
  },
  {
    name: 'a key and a serial primary key become a primary key of two columns',
    before: table(key('old', 'a', 'b')),
    after: [bare('t', { a: integer, b: integer })],
    rows,
    options: { allowDestructive: true },
    staysUnique: ofBoth,
  },
  {
    name: 'a primary key of two columns becomes a key beside a serial primary key',
    before: [bare('t', { a: integer, b: integer })],
    after: table(key('now', 'a', 'b')),
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'a primary key becomes a key, and a key the primary key',
    before: [bare('t', { a: integer, b: int }, key('old', 'a', 'b'))],
    after: [bare('t', { a: integer, b: integer }, key('now', 'a'))],
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'the columns of a key change their places under the same name',
    before: table(key('one', 'a', 'b')),
    after: table(key('one', 'b', 'a')),
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'the columns of an index change their places under another name',
    before: table(index('old', ['a', 'b'])),
    after: table(index('now', ['b', 'a'])),
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'an index becomes a key of the same name with its columns in another order',
    before: table(index('one', ['a', 'b'])),
    after: table(key('one', 'b', 'a')),
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'two keys become one index',
    before: table({ uniques: [...key('old', 'a', 'b').uniques, ...key('older', 'b', 'a').uniques] }),
    after: table(index('now', ['a', 'b'])),
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'two indexes become one key',
    before: table({ indices: [...index('old', ['a', 'b']).indices, ...index('older', ['b', 'a']).indices] }),
    after: table(key('now', 'a', 'b')),
    rows,
    staysUnique: ofBoth,
  },
  {
    name: 'a key that a foreign key refers to becomes an index',
    before: [...table(key('old', 'a')), child],
    after: [...table(index('now', ['a'])), child],
    rows: [...rows, 'INSERT INTO u (one) VALUES (2)'],
  },
  {
    name: 'a key that a foreign key refers to becomes an index of the same name',
    before: [...table(key('one', 'a')), child],
    after: [...table(index('one', ['a'])), child],
    rows: [...rows, 'INSERT INTO u (one) VALUES (2)'],
    staysUnique: ofOne,
  },
  {
    name: 'an index that a foreign key refers to becomes a key',
    before: [...table(index('old', ['a'])), child],
    after: [...table(key('now', 'a')), child],
    rows: [...rows, 'INSERT INTO u (one) VALUES (2)'],
    staysUnique: ofOne,
  },
  {
    name: 'a key becomes an index of some rows',
    before: table(key('old', 'a')),
    after: table(index('now', ['a'], { where: 'b > 0' })),
    rows,
    says: ['DROP CONSTRAINT "old"'],
  },
  {
    name: 'a key gets a new column',
    before: table(key('old', 'a')),
    after: [entity('t', { ...two, c: { type: 'int', default: 0 } }, key('now', 'a', 'c'))],
    rows,
  },
  {
    name: 'a key loses a dropped column',
    before: [entity('t', { ...two, c: { type: 'int', default: 0 } }, key('old', 'a', 'c'))],
    after: table(key('now', 'a')),
    rows,
    options: { allowDestructive: true },
  },
  {
    name: 'a column of a key is created again with another expression',
    before: [
      entity('t', { ...two, c: { type: 'int', asExpression: 'a + 1', generatedType: 'STORED' } }, key('old', 'a', 'c')),
    ],
    after: [
      entity('t', { ...two, c: { type: 'int', asExpression: 'a + 2', generatedType: 'STORED' } }, key('now', 'c', 'a')),
    ],
    rows,
    rewritten: ['t.c'],
    options: { allowDestructive: true },
  },
  {
    name: 'a column of a key gets another type, and the key becomes an index',
    before: table(key('old', 'a', 'b')),
    after: [entity('t', { a: { type: 'bigint' }, b: int }, index('now', ['a', 'b']))],
    rows,
  },
  {
    ...ofPartitions,
    name: 'a key of a partitioned table becomes an index of the same name',
    staysUnique: ofBoth,
    hand: partitioned('ALTER TABLE t ADD CONSTRAINT one UNIQUE (b, a)'),
    after: [...ofPartitions.before, ...onPartitions(index('one', ['b', 'a']))],
  },
  {
    ...ofPartitions,
    name: 'a key of a partitioned table becomes an index of another name',
    staysUnique: ofBoth,
    hand: partitioned('ALTER TABLE t ADD CONSTRAINT old UNIQUE (b, a)'),
    after: [...ofPartitions.before, ...onPartitions(index('now', ['b', 'a']))],
  },
  {
    ...ofPartitions,
    name: 'an index of a partitioned table becomes a key',
    staysUnique: ofBoth,
    hand: partitioned('CREATE UNIQUE INDEX old ON t (b, a)'),
    after: [...ofPartitions.before, ...onPartitions(key('now', 'b', 'a'))],
  },
  {
    ...ofPartitions,
    name: 'the columns of a key of a partitioned table change their places under the same name',
    hand: partitioned('ALTER TABLE t ADD CONSTRAINT one UNIQUE (b, a)'),
    after: [...ofPartitions.before, ...onPartitions(key('one', 'a', 'b'))],
  },
];

describe('while a unique key is replaced, duplicates are refused', () => {
  it.each(sample(cases, 100).map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    const { sql } = await evolve(one);
    if (one.sql) expect(sql).toEqual(one.sql);
    for (const text of one.says ?? []) expect(sql.join('\n')).toContain(text);
  });
});
