import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';
import type { GenerateOptions } from '../../src/commands/generate/types.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createFolder } from './shop.js';
import { withoutAnswers } from '../support/evolve.js';
import type { MigrationsFolder } from './shop.js';
import { sample } from '../support/sample.js';

type Columns = Record<string, EntitySchemaColumnOptions>;
type Table = Pick<EntitySchemaOptions<Columns>, 'indices' | 'uniques' | 'checks' | 'relations' | 'exclusions'>;

interface Case {
  readonly name: string;
  readonly before: Columns & { readonly c?: EntitySchemaColumnOptions };
  readonly after: Columns & { readonly c?: EntitySchemaColumnOptions };
  /** What stands on the column, before and after. */
  readonly table?: Table;
  /** What stands on it afterwards, if that is something else. */
  readonly tableAfter?: Table;
  readonly others?: readonly EntitySchema[];
  readonly othersAfter?: readonly EntitySchema[];
  readonly options?: Partial<GenerateOptions>;
  /** SQL values of the old type, and what they are afterwards. */
  readonly values: readonly (readonly [string, unknown])[];
  /** A value that the new version of the app writes, and what it is when the change is taken back. */
  readonly later: readonly [string, unknown];
  readonly how?: 'by way of a second column' | 'in one statement';
  readonly hand?: string;
}

const id: EntitySchemaColumnOptions = { type: 'int', primary: true, generated: 'increment' };
const view = new EntitySchema({
  name: 'seen',
  type: 'view',
  expression: 'SELECT c FROM items',
  columns: { c: { type: 'int' } },
});
const keyed = (type: 'int' | 'bigint'): EntitySchema =>
  new EntitySchema({
    name: 'parents',
    columns: { key: { type, primary: true, generated: 'increment' }, name: { type: 'int' } },
  });
const [parent, bigParent] = [keyed('int'), keyed('bigint')];

const cases: readonly Case[] = [
  {
    name: 'int to bigint, with everything that can depend on it',
    before: { c: { type: 'int', default: 7, comment: `it's` }, d: { type: 'text', nullable: true } },
    after: { c: { type: 'bigint', default: 7, comment: `it's` }, d: { type: 'text', nullable: true } },
    table: {
      indices: [
        { name: 'by_c', columns: ['c'] },
        { name: 'by_c_and_d', columns: ['d', 'c'], unique: true, where: 'c > 3' },
      ],
      uniques: [{ name: 'once', columns: ['c', 'd'] }],
      checks: [{ name: 'positive', expression: 'c > 0 AND c <> 13' }],
    },
    values: [
      ['1', '1'],
      ['2147483647', '2147483647'],
      ['DEFAULT', '7'],
    ],
    later: ['4', 4],
  },
  {
    name: 'the key of a table, with its sequence',
    before: { c: { type: 'int', primary: true, generated: 'increment' }, id: { type: 'int', default: 0 } },
    after: { c: { type: 'bigint', primary: true, generated: 'increment' }, id: { type: 'int', default: 0 } },
    values: [
      ['DEFAULT', '1'],
      ['DEFAULT', '2'],
      ['77', '77'],
    ],
    later: ['DEFAULT', 3],
  },
  {
    name: 'text to int, with an expression',
    before: { c: { type: 'text' } },
    after: { c: { type: 'int' } },
    options: { usings: ["items.c=nullif(c, 'none')::int + id * 0"] },
    values: [
      [`'5'`, 5],
      [`'600'`, 600],
    ],
    later: ['9', '9'],
  },
  {
    name: 'text to an enum',
    before: { c: { type: 'text', default: 'new' } },
    after: { c: { type: 'enum', enum: ['new', 'old'], default: 'new' } },
    table: { indices: [{ name: 'by_c', columns: ['c'] }] },
    values: [
      [`'old'`, 'old'],
      ['DEFAULT', 'new'],
    ],
    later: [`'old'`, 'old'],
  },
  {
    name: 'timestamps that were meant in another time zone',
    before: { c: { type: 'timestamp' } },
    after: { c: { type: 'timestamptz' } },
    options: { storedTimezone: 'Asia/Tokyo' },
    table: { indices: [{ name: 'by_c', columns: ['c'] }] },
    values: [[`'2026-01-01 09:00'`, new Date('2026-01-01T00:00:00Z')]],
    later: [`'2026-06-01 00:00:00Z'`, new Date(2026, 5, 1, 9)],
  },
  {
    name: 'timestamps that were meant in UTC',
    before: { c: { type: 'timestamp', default: () => 'now()' } },
    after: { c: { type: 'timestamptz', default: () => 'now()' } },
    options: { storedTimezone: 'UTC' },
    values: [[`'2026-01-01 09:00'`, new Date('2026-01-01T09:00:00Z')]],
    later: [`'2026-06-01 00:00:00Z'`, new Date(2026, 5, 1, 0)],
    how: 'in one statement',
  },
  {
    name: 'dates that begin in another time zone',
    before: { c: { type: 'date' } },
    after: { c: { type: 'timestamptz' } },
    options: { storedTimezone: 'Asia/Tokyo' },
    values: [[`'2026-01-01'`, new Date('2025-12-31T15:00:00Z')]],
    later: [`'2026-05-31 15:00:00Z'`, new Date(2026, 5, 1)],
  },
  {
    name: 'timestamps to dates in another time zone',
    before: { c: { type: 'timestamptz' } },
    after: { c: { type: 'date' } },
    options: { storedTimezone: 'Asia/Tokyo', allowDestructive: true },
    values: [[`'2025-12-31 16:00:00Z'`, new Date(2026, 0, 1)]],
    later: [`'2026-06-01'`, new Date('2026-05-31T15:00:00Z')],
  },
  {
    name: 'dates that begin in UTC',
    before: { c: { type: 'date' } },
    after: { c: { type: 'timestamptz' } },
    options: { storedTimezone: 'UTC', online: false },
    values: [[`'2026-01-01'`, new Date('2026-01-01T00:00:00Z')]],
    later: [`'2026-05-31 00:00:00Z'`, new Date(2026, 4, 31)],
    how: 'in one statement',
  },
  {
    name: 'a foreign key, and the key that it refers to',
    before: { c: { type: 'int' } },
    after: { c: { type: 'bigint' } },
    table: {
      relations: { parent: { type: 'many-to-one', target: 'parents', joinColumn: { name: 'c' } } },
      indices: [{ name: 'by_c', columns: ['c'] }],
    },
    others: [parent],
    othersAfter: [bigParent],
    values: [
      ['1', '1'],
      ['2', '2'],
    ],
    later: ['2', 2],
    hand: 'INSERT INTO parents (name) VALUES (1), (2)',
  },
  {
    name: 'a key that the rows of its own table refer to',
    before: { id, c: { type: 'int', nullable: true } },
    after: { id: { ...id, type: 'bigint' }, c: { type: 'bigint', nullable: true } },
    table: {
      relations: { parent: { type: 'many-to-one', target: 'items', joinColumn: { name: 'c' }, nullable: true } },
    },
    values: [
      ['NULL', null],
      ['1', '1'],
    ],
    later: ['2', 2],
  },
  {
    name: 'not null, a new type and a new default at once',
    before: { c: { type: 'int', nullable: true, default: 1 } },
    after: { c: { type: 'bigint', default: 2 } },
    options: { backfills: ['items.c=NULL'] },
    values: [
      ['3', '3'],
      ['DEFAULT', '1'],
    ],
    later: ['DEFAULT', 2],
  },
  {
    name: 'nullable, a new type and no default',
    before: { c: { type: 'int', default: 1 } },
    after: { c: { type: 'bigint', nullable: true } },
    values: [['DEFAULT', '1']],
    later: ['5', 5],
  },
  {
    name: 'a wider column with a check',
    before: { c: { type: 'varchar', length: 4 } },
    after: { c: { type: 'varchar', length: 8 } },
    table: { checks: [{ name: 'small', expression: 'c = lower(c)' }], indices: [{ name: 'by_c', columns: ['c'] }] },
    values: [[`'four'`, 'four']],
    later: [`'five'`, 'five'],
    how: 'in one statement',
  },
  {
    name: 'two columns of one index',
    before: { c: { type: 'int' }, d: { type: 'int', default: 1 } },
    after: { c: { type: 'bigint' }, d: { type: 'bigint', default: 1 } },
    table: { indices: [{ name: 'by_both', columns: ['c', 'd'] }] },
    values: [['3', '3']],
    later: ['5', 5],
    how: 'in one statement',
  },
  {
    name: 'an index on the column goes at the same time',
    before: { c: { type: 'int', nullable: true } },
    after: { c: { type: 'bigint', nullable: true } },
    table: { indices: [{ name: 'by_c', columns: ['c'] }] },
    tableAfter: {},
    values: [
      ['1', '1'],
      ['NULL', null],
    ],
    later: ['7', 7],
  },
  {
    name: 'a column that a view shows',
    before: { c: { type: 'int' } },
    after: { c: { type: 'bigint' } },
    others: [view],
    values: [['3', '3']],
    later: ['5', 5],
    how: 'in one statement',
  },
  {
    name: 'an enum with one value less',
    before: { c: { type: 'enum', enum: ['a', 'b', 'c'] } },
    after: { c: { type: 'enum', enum: ['a', 'b'] } },
    options: { allowDestructive: true },
    values: [[`'b'`, 'b']],
    later: [`'a'`, 'a'],
    how: 'in one statement',
  },
  {
    name: 'names that need quotes',
    before: { 'c C': { type: 'int', default: 1 }, c: { type: 'int' } },
    after: { 'c C': { type: 'bigint', default: 1 }, c: { type: 'bigint' } },
    table: { checks: [{ name: 'a Check', expression: `"c C" > 0 AND 'c' <> 'd'` }] },
    values: [['3', '3']],
    later: ['5', 5],
  },
];

describe('a new type that rewrites the rows', () => {
  let database: TestDatabase;
  let folder: MigrationsFolder;
  beforeEach(async () => {
    database = await createDatabase();
    folder = createFolder();
  });
  afterEach(async () => {
    folder.remove();
    await database.drop();
  });

  it.each(sample(cases, 14).map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    await folder.generate(items(one.before, one), { name: 'Initial' });
    await folder.run(database.url);
    if (one.hand) await database.query(one.hand);
    for (const [value] of one.values) await database.query(`INSERT INTO items (c) VALUES (${value})`);
    const first = folder.texts().length;
    const { statements, files } = await folder.generate(items(one.after, afterwards(one)), one.options);
    if (process.env['SHOW']) process.stderr.write(folder.texts().slice(first).join('\n'));
    expect((await folder.generate(items(one.after, afterwards(one)), withoutAnswers(one.options))).files).toEqual([]);
    const second = statements.some(({ sql }) => /ADD COLUMN "c__new"/.test(sql));
    expect(second ? 'by way of a second column' : 'in one statement').toBe(one.how ?? 'by way of a second column');

    await folder.run(database.url, { phase: 'expand' });
    expect(await values()).toEqual(one.values.map(([, value]) => value));
    await database.query(`INSERT INTO items (c) VALUES (${one.later[0]})`);
    await folder.run(database.url);
    const all = await values();
    await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
    expect((await values()).at(-1)).toEqual(one.later[1]);
    await folder.run(database.url);
    expect(await values()).toEqual(all);
  });

  async function values(): Promise<readonly unknown[]> {
    // By the time of their writing.
    return (await database.query('SELECT c FROM items ORDER BY row_of')).map(({ c }) => c);
  }
});

function afterwards(one: Case): Case {
  return { ...one, others: one.othersAfter ?? one.others ?? [], table: one.tableAfter ?? one.table ?? {} };
}

function items(columns: Columns, { table = {}, others = [] }: Case): readonly EntitySchema[] {
  const rowOf: EntitySchemaColumnOptions = { type: 'int', name: 'row_of', generated: 'increment' };
  return [new EntitySchema({ name: 'items', ...table, columns: { id, ...columns, rowOf } }), ...others];
}
