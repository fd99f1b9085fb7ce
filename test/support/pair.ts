import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { SqlClient } from '../../src/database/sql-client.js';
import { planAndProve } from '../../src/plan/attempts.js';
import type { PlanContext } from '../../src/plan/context.js';
import { metadataChanges } from '../../src/plan/metadata.js';
import type { ProvenFile } from '../../src/plan/prove.js';
import { tryTypeChanges } from '../../src/plan/try-types.js';
import { asValidated, compareSchemas } from '../../src/schema/compare.js';
import { withOrderOfEnums } from '../../src/schema/enum-order.js';
import { keepUnknown } from '../../src/schema/keep.js';
import { objectId } from '../../src/schema/object-id.js';
import { readSchema } from '../../src/schema/read.js';
import type { CatalogPool, Schema } from '../../src/schema/read.js';
import { createEntities } from '../../src/shadow/entities.js';
import { typeormMetadataRows } from '../../src/shadow/typeorm-metadata.js';
import { entitiesOf, fillsOf, rowsOf } from './random-entities.js';
import type { Model } from './random-entities.js';
import { dataOf, expectDataKept } from './rows.js';

/** A change of entities, and whether it is planned online. */
export interface Pair {
  readonly before: Model;
  readonly after: Model;
  readonly mode: 'online' | 'direct';
}

export interface Outcome {
  readonly statements: number;
  /** Whether the order had to be kept altogether. */
  readonly cautious: boolean;
}

type Pool = CatalogPool & SqlClient;
const own = ['migrations', 'migrations_log', 'migrations_downs', 'typeorm_metadata'].map((name) =>
  objectId('table', 'public', name),
);
const isExtension = ({ kind }: { readonly kind: string }): boolean => kind === 'extension';

/** Plans and proves the change on two databases, then goes there and back with rows in the tables. */
export async function checkPair(pair: Pair, urls: readonly [string, string]): Promise<Outcome> {
  const desired = await withModel(pair.after, urls[0], sideOf);
  return withModel(pair.before, urls[1], async (pool) => {
    const current = await sideOf(pool);
    const { schema: to } = keepUnknown(withOrderOfEnums(desired.schema, current.schema), current.schema, isExtension);
    const changes = await compareSchemas(current.schema, to);
    const context: PlanContext = {
      from: current.schema,
      to,
      decisions: { backfill: fillsOf(pair.before, pair.after), using: new Map(), storedTimezone: 'UTC', renames: [] },
      targetVersion: 15,
      tryType: await tryTypeChanges(pool, current.schema, to),
    };
    const metadata = metadataChanges(current.metadata, desired.metadata, {
      table: '"typeorm_metadata"',
      unnamed: undefined,
    });
    const { files, attempt } = await planAndProve(changes, {
      plan: context,
      around: (planned) => [...planned, ...metadata],
      renames: [],
      proof: { client: pool, from: current.schema, read: () => read(pool) },
      online: pair.mode === 'online',
    });
    const cautious = attempt > 0;
    await expectThereAndBack(files, context, pair, pool);
    return { statements: files.flatMap(({ steps }) => steps).length, cautious };
  });
}

async function expectThereAndBack(
  files: readonly ProvenFile[],
  { from, to }: PlanContext,
  pair: Pair,
  pool: Pool,
): Promise<void> {
  const queryable = { query: async (sql: string) => (await pool.query(sql)).rows as Record<string, unknown>[] };
  for (const sql of rowsOf(pair.before)) await pool.query(sql);
  const data = await dataOf(queryable, from);
  for (const file of files) await execute(file.steps, file.transaction, pool, 'up');
  const there = await read(pool);
  expectNone(await compareSchemas(there, to), 'up does not lead to what is wanted');
  const otherwise = [...changedColumns(from, to)];
  const kept = await dataOf(queryable, there);
  expectDataKept(data, kept, otherwise);
  for (const file of files.toReversed()) await execute(file.down, file.transaction, pool, 'down');
  const back = asValidated(await read(pool));
  const { schema } = keepUnknown(asValidated(from), back, isExtension);
  expectNone(await compareSchemas(back, schema), 'down does not lead back');
  const lost = from.objects.filter(({ id }) => id.kind === 'column' && !to.has(id)).map(({ id }) => pathOf(id));
  const surviving = new Map([...data].filter(([table]) => kept.has(table)));
  expectDataKept(surviving, await dataOf(queryable, back), [...otherwise, ...lost]);
}

async function execute(
  statements: readonly { readonly sql: string }[],
  transaction: boolean,
  pool: Pool,
  direction: string,
): Promise<void> {
  const all = [
    ...(transaction ? ['BEGIN'] : []),
    ...statements.map(({ sql }) => sql),
    ...(transaction ? ['COMMIT'] : []),
  ];
  for (const sql of all) {
    try {
      await pool.query(sql);
    } catch (error) {
      await pool.query('ROLLBACK').catch(() => undefined);
      throw new Error(
        `With rows, ${direction} failed: ${(error as Error).message}\n  ${sql}\nof\n  ${all.join('\n  ')}`,
        { cause: error },
      );
    }
  }
}

/** Columns whose values are written in another way afterwards. */
function* changedColumns(from: Schema, to: Schema): Generator<string> {
  for (const { id, is } of from.objects) {
    const after = id.kind === 'column' ? to.get(id)?.is : undefined;
    if (after && (after['type'] !== is['type'] || after['generatedExpr'] !== is['generatedExpr'])) yield pathOf(id);
  }
}

function pathOf({
  schema,
  table,
  name,
}: {
  readonly schema?: string;
  readonly table?: string;
  readonly name?: string;
}): string {
  return `${schema === 'public' ? '' : `${schema}.`}${table}.${name}`;
}

function expectNone(changes: readonly { readonly sql: string }[], what: string): void {
  if (changes.length > 0) throw new Error(`${what}:\n${changes.map(({ sql }) => `  ${sql}`).join('\n')}`);
}

async function sideOf(pool: Pool) {
  return { schema: await read(pool), metadata: await typeormMetadataRows(pool) };
}

function read(pool: Pool): Promise<Schema> {
  return readSchema(pool, { ignoreTables: own, texts: 'settled' });
}

/** An emptied database with the tables of these entities. */
async function withModel<T>(model: Model, url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    entities: entitiesOf(model),
    installExtensions: false,
    poolSize: 1,
  } as DataSourceOptions);
  await dataSource.initialize();
  try {
    const { master } = dataSource.driver as unknown as { readonly master: Pool };
    await master.query(
      'DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET client_min_messages = error',
    );
    await createEntities(dataSource, (sql) => master.query(sql));
    return await work(master);
  } finally {
    await dataSource.destroy();
  }
}
