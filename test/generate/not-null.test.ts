import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { EntitySchema, EntitySchemaColumnOptions } from 'typeorm';
import type { GenerateOptions } from '../../src/commands/generate/types.js';
import { Backfill } from '../../src/decorators.js';
import { backfill } from '../../src/plan/recipes/backfill.js';
import { objectId } from '../../src/schema/object-id.js';
import { schemaOf } from '../../src/schema/read.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { withoutAnswers, writeByHand } from '../support/evolve.js';
import { failureOf } from '../support/migrations.js';
import { entity } from './cases/case.js';
import { createFolder } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { itInFull, sample } from '../support/sample.js';

interface Case {
  readonly name: string;
  readonly before: EntitySchemaColumnOptions;
  readonly after: EntitySchemaColumnOptions;
  readonly options: Partial<GenerateOptions>;
  /** What the columns are called; the same in both unless it is said. */
  readonly renamed?: string;
  readonly hand?: string;
  /** What the rows get that had NULL, in the order of their keys: 1, 2, and 3 of the old version after the expand part. */
  readonly filled: readonly unknown[];
}

const backfills = ['t.c=n * 10'];
const int = { type: 'int' } as const;
const cases: readonly Case[] = [
  { name: 'as it is', before: int, after: int, options: { backfills }, filled: [10, 20, 30] },
  {
    name: 'with a default from now on',
    before: int,
    after: { ...int, default: 5 },
    options: { backfills },
    filled: [10, 20, 30],
  },
  { name: 'a constant', before: int, after: int, options: { backfills: ['t.c=7'] }, filled: [7, 7, 7] },
  {
    name: 'of another type too, through a second column',
    before: int,
    after: { type: 'bigint' },
    options: { backfills },
    filled: ['10', '20', '30'],
  },
  {
    name: 'of another type by an expression',
    before: { type: 'text' },
    after: int,
    options: { backfills, usings: ['t.c=c::int + 1'] },
    filled: [10, 20, 30],
  },
  {
    name: 'of a wider type',
    before: { type: 'varchar', length: 4 },
    after: { type: 'varchar', length: 8 },
    options: { backfills: ["t.c='row' || n"] },
    filled: ['row1', 'row2', 'row3'],
  },
  {
    name: 'renamed too',
    before: int,
    after: int,
    renamed: 'd',
    options: { renames: ['t.c=d'], backfills: ['t.d=n * 10'] },
    filled: [10, 20, 30],
  },
  {
    name: 'in one transaction',
    before: int,
    after: int,
    options: { backfills, online: false },
    filled: [10, 20],
  },
];
const table = (name: string, column: EntitySchemaColumnOptions): EntitySchema[] => [
  entity('t', { n: int, [name]: column }),
];

describe('an existing column becomes NOT NULL', () => {
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

  it.each(sample(cases, 14).map((one) => [one.name, one] as const))('%s', async (_name, { before, after, ...one }) => {
    const { options, renamed = 'c', filled } = one;
    await folder.generate(table('c', { ...before, nullable: true }), { name: 'Initial' });
    await folder.run(database.url);
    await database.query(`INSERT INTO t (n, c) VALUES (1, NULL), (2, NULL), (9, '99')`);
    const { files, statements } = await folder.generate(table(renamed, after), options);
    // Filled with values of the new type.
    const places = [/ TYPE /, /UPDATE /].map((pattern) => statements.findIndex(({ sql }) => pattern.test(sql)));
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    if (process.env['SHOW']) process.stderr.write(folder.texts().slice(1).join('\n'));
    expect((await folder.generate(table(renamed, after), withoutAnswers(options))).files).toEqual([]);

    await folder.run(database.url, { phase: 'expand' });
    expect((await values(renamed)).slice(0, 2)).toEqual(filled.slice(0, 2));
    // The old version of the app does not know yet that it must not.
    if (filled.length > 2) {
      await database.query('INSERT INTO t (n, c) VALUES (3, NULL)');
      await database.query('UPDATE t SET n = n WHERE n = 9');
    }
    await folder.run(database.url, { phase: 'all' });
    expect((await values(renamed)).filter((value) => filled.includes(value))).toEqual(filled);
    await expect(database.query(`INSERT INTO t (n, ${renamed}) VALUES (4, NULL)`)).rejects.toThrow('not-null');

    await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
    await database.query('INSERT INTO t (n, c) VALUES (5, NULL)');
    await folder.run(database.url, { phase: 'all' });
    expect(await values(renamed)).not.toContain(null);
  });

  async function values(name: string): Promise<readonly unknown[]> {
    return (await database.query(`SELECT ${name} AS value FROM t ORDER BY id`)).map(({ value }) => value);
  }

  itInFull('with @Backfill on the property of the column', async () => {
    const t = (required: boolean): EntitySchema[] => {
      @Entity('t')
      class T {
        @PrimaryGeneratedColumn() id!: number;
        @Column('int') n!: number;
        @Column('int', { nullable: !required }) @Backfill('n * 10') c!: number;
      }
      return [T as unknown as EntitySchema];
    };
    await folder.generate(t(false), { name: 'Initial' });
    const { statements } = await folder.generate(t(true));
    const fills = statements.filter(({ sql }) => sql.includes('SET "c" = n * 10'));
    expect(fills.map(({ phase }) => phase)).toEqual(['expand', 'contract']);
  });

  describe('without a value to fill it with', () => {
    beforeEach(async () => {
      await folder.generate(table('c', { ...int, nullable: true }), { name: 'Initial' });
    });

    it('asks, or names the flag', async () => {
      const error = await failureOf(folder.generate(table('c', { ...int, default: 5 })));
      expect([error.code, error.exitCode]).toEqual(['DECISION_NEEDED', 3]);
      expect(error.message).toContain('t.c becomes NOT NULL: which value replaces existing NULLs?');
      expect(error.next).toContain('--backfill "t.c=5"');
      expect(error.next).toContain('--backfill "t.c=NULL"');
      expect(error.next).toContain('nullable: true in the entity');
      const asked: string[] = [];
      const text = (question: string): Promise<string> => Promise.resolve(asked.push(question) ? '7' : '');
      const { statements } = await folder.generate(table('c', int), {
        dryRun: true,
        ask: { text, choose: text, confirm: () => Promise.resolve(true) },
      });
      expect(asked).toEqual([expect.stringContaining('t.c (integer) becomes NOT NULL.')]);
      expect(statements.filter(({ sql }) => sql.includes('SET "c" = 7')).map(({ phase }) => phase)).toEqual([
        'expand',
        'contract',
      ]);
    });

    it('does not advise that a column of a primary key may stay NULL, such as one of a join table', async () => {
      const error = await failureOf(folder.generate(table('c', { ...int, primary: true })));
      expect(error.message).toContain('t.c becomes NOT NULL');
      expect(error.next).not.toContain('nullable');
    });

    itInFull('takes the word of the author that no row needs it', async () => {
      const { statements } = await folder.generate(table('c', int), { backfills: ['t.c=NULL'] });
      expect(statements.map(({ phase }) => phase)).not.toContain('contract');
      expect(statements.map(({ sql }) => sql).join()).not.toContain('UPDATE');
    });

    itInFull('does not ask where a check has proven it', async () => {
      writeByHand(folder.dir, { up: ['ALTER TABLE t ADD CONSTRAINT filled CHECK (c IS NOT NULL)'], down: [] });
      const { statements } = await folder.generate(table('c', int));
      expect(statements.map(({ sql }) => sql)).toContain('ALTER TABLE "public"."t" ALTER COLUMN "c" SET NOT NULL');
    });
  });

  itInFull('refuses a flag for a column that it does not fill', async () => {
    await folder.generate(table('c', { ...int, nullable: true }), { name: 'Initial' });
    const error = await failureOf(
      folder.generate(table('d', { ...int, nullable: true }), { renames: ['t.c=d'], backfills: ['t.x=1'] }),
    );
    expect([error.code, error.exitCode]).toEqual(['USAGE', 2]);
    expect(error.message).toContain('--backfill t.x');
  });
});

it('fills rows that the app moves to a processed page, too', async () => {
  const database = await createDatabase();
  const [holder, mover, filler] = [await database.client(), await database.client(), await database.client()];
  // Pages of four rows; on the first ones there is room for a row that is updated and gets shorter, elsewhere there is not.
  await database.query(
    `CREATE TABLE moved (id int PRIMARY KEY, pad text, seen int) WITH (autovacuum_enabled = off);
     ALTER TABLE moved ALTER pad SET STORAGE PLAIN;
     INSERT INTO moved SELECT g, repeat('x', CASE WHEN g <= 60 THEN 2300 ELSE 1900 END) FROM generate_series(1, 400) g`,
  );
  await database.query('VACUUM moved');
  // The filler waits at a row in the middle, and has done what comes before it.
  await holder.query('BEGIN; SELECT FROM moved WHERE id = 200 FOR UPDATE');
  const { sql } = backfill(
    objectId('table', 'public', 'moved'),
    'seen',
    '1',
    { rounds: 'until none is left' },
    { from: schemaOf([], []) },
  );
  const filling = filler.query(sql);
  const done = async () => Number((await database.query('SELECT count(seen) AS n FROM moved'))[0]?.['n']);
  for (let before = -1; before !== (await done()) || before === 0; await sleep(300)) before = await done();
  await mover.query('UPDATE moved SET pad = repeat($1, 900) WHERE id = 300', ['y']);
  expect(await database.query(`SELECT id FROM moved WHERE id = 300 AND ctid < '(20,0)'`)).toHaveLength(1);
  await holder.query('COMMIT');
  await filling;
  expect(await database.query('SELECT id FROM moved WHERE seen IS NULL')).toEqual([]);
  await database.drop();
});
