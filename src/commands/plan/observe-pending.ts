import type { KnownMigration } from '../../files/migration.js';
import { nameOf, readTables } from '../../observe/catalog.js';
import type { TableFacts } from '../../observe/catalog.js';
import type { ObservedClient } from '../../observe/ask.js';
import { observeMigration } from '../../observe/observe-migration.js';
import type { ObservedMigration } from '../../observe/observe-migration.js';
import { Observer } from '../../observe/observer.js';
import { compareSchemas } from '../../schema/compare.js';
import type { Schema } from '../../schema/read.js';
import { readSchema } from '../../schema/read.js';
import { withQueryRunner } from '../../shadow/replay.js';
import type { Shadow } from '../../shadow/shadow.js';
import type { CommandContext } from '../context.js';
import { withEmptyShadow } from '../generate/on-shadow.js';

/** A pending migration as it went on a copy of the database without its rows. */
export interface Tried extends ObservedMigration {
  /** The tables in use that it names, as they were before it and as they are after it. */
  readonly tables: readonly { readonly before: TableFacts; readonly after: TableFacts | undefined }[];
}

/** Executes what is pending on a throwaway database that has the live one's schema, until one fails. */
export async function observePending(
  live: Schema,
  pending: readonly KnownMigration[],
  context: CommandContext,
  url: string | undefined,
): Promise<readonly Tried[]> {
  return withEmptyShadow(context, url, async (shadow) => {
    await copySchema(live, shadow);
    const observer = await Observer.open(shadow);
    const tried: Tried[] = [];
    for (const known of pending) {
      const observed = await observeMigration(shadow, await known.load(), observer, context.instantiate);
      tried.push({ ...observed, tables: await beforeAndAfter(observed, shadow) });
      if (observed.error !== undefined) break;
    }
    return tried;
  });
}

async function copySchema(live: Schema, { pool }: Shadow): Promise<void> {
  const empty = await readSchema(pool, { ignoreTables: [] });
  // Functions may use tables that come after them.
  await pool.query('SET check_function_bodies = off');
  for (const { sql, verb } of await compareSchemas(empty, live)) if (verb !== 'drop') await pool.query(sql);
  await pool.query('RESET check_function_bodies');
}

async function beforeAndAfter({ statements }: ObservedMigration, shadow: Shadow): Promise<Tried['tables']> {
  const before = new Map<number, TableFacts>();
  for (const facts of statements.flatMap(({ tables }) => [...tables.values()]))
    if (!facts.isNew && !before.has(facts.oid)) before.set(facts.oid, facts);
  const names = new Map(
    statements.flatMap(({ locks }) => locks).map(({ relation }) => [relation.oid, relation] as const),
  );
  return withQueryRunner(shadow.dataSource, async (queryRunner) => {
    const client = (await queryRunner.connect()) as ObservedClient;
    const pairs: { before: TableFacts; after: TableFacts | undefined }[] = [];
    for (const facts of before.values()) {
      const { schema, name } = names.get(facts.oid) ?? facts;
      const now = await readTables(client, [nameOf({ schemaname: schema, relname: name })], 0);
      pairs.push({ before: facts, after: [...now.values()].find(({ oid }) => oid === facts.oid) });
    }
    return pairs;
  });
}
