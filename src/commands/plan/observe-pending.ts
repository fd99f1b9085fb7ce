import { MigrateError } from '../../errors.js';
import type { KnownMigration } from '../../files/migration.js';
import { nameOf, readTables } from '../../observe/catalog.js';
import type { ColumnFacts, TableFacts } from '../../observe/catalog.js';
import type { ObservedClient } from '../../observe/ask.js';
import { observeMigration } from '../../observe/observe-migration.js';
import type { ObservedMigration } from '../../observe/observe-migration.js';
import { Observer } from '../../observe/observer.js';
import type { Observed } from '../../observe/observed.js';
import { compareSchemas } from '../../schema/compare.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { readSchema, schemaOf } from '../../schema/read.js';
import { initialStateOfCopy } from '../../shadow/initial-state.js';
import { missingExtension, shadowFlag } from '../../shadow/another-shadow.js';
import { withQueryRunner } from '../../shadow/replay.js';
import type { ConnectedShadow } from '../../shadow/connected.js';
import { withSearchPath } from '../../shadow/search-path.js';
import type { CommandContext } from '../context.js';
import { foreignTo, ignoring, isLeftAlone } from '../ignore.js';
import { createLedger, createTypeormTable, withMigratableShadow } from '../../snapshot/migratable-shadow.js';
import { quoteName } from '../../sql/index.js';
import { readRoles } from './roles.js';
import { makeInvalid } from './invalid-indexes.js';
import type { InvalidIndex } from './invalid-indexes.js';
import { keyOfColumn } from './rows-as-after.js';
import type { FirstColumns } from './rows-as-after.js';

/** A pending migration, as observed on a copy of the database without its rows. */
export interface Tried extends ObservedMigration {
  /** The existing tables that it names: as on the live database, as before the migration, and as after it. */
  readonly tables: readonly TriedTable[];
  readonly firstColumns: FirstColumns;
}

interface TriedTable {
  readonly live: TableFacts;
  readonly before: TableFacts;
  readonly after: TableFacts | undefined;
}

export interface ObservedPending {
  readonly tried: readonly Tried[];
  /** Invalid indexes that are valid on the copy. */
  readonly unlike: readonly InvalidIndex[];
}

export interface Live {
  readonly schema: Schema;
  /** The statements that create extensions before the first migration. */
  readonly extensions: readonly string[];
  readonly invalidIndexes: readonly InvalidIndex[];
  readonly roles: readonly string[];
  readonly searchPath: string;
}

/** Executes the pending migrations on a shadow with the schema of the live database, until one fails. */
export async function observePending(
  live: Live,
  pending: readonly KnownMigration[],
  context: CommandContext,
  url: string | undefined,
): Promise<ObservedPending> {
  return withMigratableShadow(
    context,
    { url, initial: () => ({ ...withSearchPath(initialStateOfCopy(context), live.searchPath), missingRoles: 'fail' }) },
    async (shadow) => {
      // On a server, roles belong to all its databases, so they are not copied.
      if (url === undefined) await copyRoles(live.roles, shadow);
      await copySchema(live.schema, shadow, context.settings.ignore);
      await installExtensions(live.extensions, shadow);
      // These tables may belong in a schema that has just been copied.
      await createTypeormTable(shadow.pool, context);
      await createLedger(shadow.pool, context);
      const unlike = await makeInvalid(live.invalidIndexes, shadow.pool);
      const observer = await Observer.open(shadow);
      const tables = new Map<number, TableFacts>();
      const firstColumns = new Map<string, ColumnFacts>();
      const tried: Tried[] = [];
      const { replayed: _replayed, ...copy } = shadow;
      for (const known of pending) {
        const observed = await observeMigration(copy, await known.load(), observer, context.instantiate);
        for (const statement of observed.statements) noteColumns(statement, firstColumns);
        tried.push({ ...observed, tables: await beforeAndAfter(observed, tables, shadow), firstColumns });
        if (observed.error !== undefined) break;
      }
      return { tried, unlike };
    },
  );
}

/** The copied roles may do everything. The live server is asked about their privileges there. */
async function copyRoles(roles: readonly string[], { pool }: ConnectedShadow): Promise<void> {
  const known = await readRoles(pool);
  const missing = roles.filter((role) => !known.includes(role) && !role.startsWith('pg_'));
  for (const role of missing) await pool.query(`CREATE ROLE ${quoteName(role)} SUPERUSER`);
}

/** Ignored objects are copied if possible, because a pending migration may refer to them. */
async function copySchema(live: Schema, { pool }: ConnectedShadow, ignore: readonly string[]): Promise<void> {
  const isAside = isLeftAlone(ignoring(ignore, []), foreignTo(schemaOf([], [])));
  const left = new Set<string>();
  const mayBeMissing = (id: ObjectId): boolean => {
    const fact = live.factOf(id);
    const needed = [...live.needs(id), ...(fact?.parent ? [fact.parent] : [])];
    return (
      left.has(keyOf(id)) || (fact !== undefined && isAside(fact, live)) || needed.some((one) => left.has(keyOf(one)))
    );
  };
  const empty = await readSchema(pool, { ignoreTables: [] });
  // Functions may use tables that are created later.
  await pool.query('SET check_function_bodies = off');
  for (const { sql, verb, creates, id } of await compareSchemas(empty, live))
    if (verb !== 'drop')
      await pool.query(sql).catch((error: unknown) => {
        const made = creates.length > 0 ? creates : [id];
        if (!made.every(mayBeMissing)) throw notCopied(error);
        for (const one of [...made, ...made.flatMap(live.neededBy)]) left.add(keyOf(one));
      });
  await pool.query('RESET check_function_bodies');
}

async function installExtensions(statements: readonly string[], { pool }: ConnectedShadow): Promise<void> {
  for (const sql of statements)
    await pool.query(sql).catch((error: unknown) => {
      throw notCopied(error, 'The run installs');
    });
}

function notCopied(error: unknown, who: 'The database has' | 'The run installs' = 'The database has'): unknown {
  const extension = missingExtension(error);
  if (extension === undefined) return error;
  return new MigrateError({
    code: 'SHADOW_EXTENSION',
    message: `${who} the extension ${extension}, which the shadow does not have. Nothing was planned, and nothing was changed.`,
    next: `Use a server that has ${extension} as the shadow: ${shadowFlag}; or, if no pending migration needs it, set ignore: ['extension:${extension}'].`,
    cause: error,
  });
}

/** Existing rows get the default that a new column had when it was added, even if the default changes later. */
function noteColumns({ altered, tables }: Observed, first: Map<string, ColumnFacts>): void {
  if (!altered) return;
  const before = [...tables.values()].find(({ oid }) => oid === altered.oid);
  const old = new Set(before?.columns.map(({ number }) => number));
  for (const column of altered.columns)
    if (!old.has(column.number)) first.set(keyOfColumn(altered.oid, column.number), column);
}

async function beforeAndAfter(
  { statements }: ObservedMigration,
  tables: Map<number, TableFacts>,
  shadow: ConnectedShadow,
): Promise<Tried['tables']> {
  const before = new Map<number, TableFacts>();
  for (const facts of statements.flatMap((statement) => [...statement.tables.values()]))
    if (!facts.isNew && !before.has(facts.oid)) before.set(facts.oid, facts);
  const names = new Map(
    statements.flatMap(({ locks }) => locks).map(({ relation }) => [relation.oid, relation] as const),
  );
  return withQueryRunner(shadow, async (queryRunner) => {
    const client = (await queryRunner.connect()) as ObservedClient;
    const found: TriedTable[] = [];
    for (const facts of before.values()) {
      // For the first migration that names a table, it is in the state of the live database.
      const live = tables.get(facts.oid) ?? facts;
      tables.set(facts.oid, live);
      const { schema, name } = names.get(facts.oid) ?? facts;
      const now = await readTables(client, [nameOf({ schemaname: schema, relname: name })], 0);
      found.push({ live, before: facts, after: [...now.values()].find(({ oid }) => oid === facts.oid) });
    }
    return found;
  });
}
