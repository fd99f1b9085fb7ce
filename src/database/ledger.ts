import { codeOf, ExitCode, messageOf, MigrateError } from '../errors.js';
import type { Direction, EventListener } from '../events.js';
import { asking } from './client.js';
import { selectDownsTable } from './downs-table.js';
import type { DownsTable } from './downs-table.js';
import type { SqlClient } from './sql-client.js';
import { aboutSearchPath, createLedgerSchema } from './ledger-schema.js';
import { createLogTable, selectAwaited, selectChecksums, selectNotes } from './log.js';
import type { DeferredNote, HalfDone } from './log.js';
import { columnsFrom, selectAddedColumns } from './log-columns.js';
import type { LogColumns } from './log-columns.js';
import { timestampOf } from '../files/name.js';
import type { MigrationName } from '../files/name.js';
import { quotedRole } from './role.js';
import type { Tables } from './tables.js';
import { quoteLiteral, quoteName } from '../sql/index.js';

export interface LedgerRow {
  readonly id: number;
  readonly timestamp: number;
  readonly name: string;
}

/** The state of the migrations in the database. */
export interface LedgerState {
  /** The applied migrations, each once, in the order in which they were applied. */
  readonly applied: readonly LedgerRow[];
  /** Further rows of applied migrations: without a lock, two processes have recorded the same migration. */
  readonly duplicates: readonly LedgerRow[];
  /** The checksums of the applied texts by migration, for `.sql` files only. */
  readonly checksums: ReadonlyMap<string, string>;
  /** Migrations without a transaction that have stopped in the middle. */
  readonly halfDone: readonly HalfDone[];
  /** Contract migrations that an earlier run has deferred. */
  readonly deferred: readonly DeferredNote[];
  /** Migrations that exist according to the log, but are not applied: reverted ones, and the migrations of a file with several. */
  readonly awaited: readonly MigrationName[];
  /** Whether the tables exist. For the table of kept downs, that is read only on request: see `readLedgerInside`. */
  readonly exists: { readonly ledger: boolean; readonly log: boolean; readonly downs?: DownsTable };
  /** Undefined if they were not read: see `readLedgerInside`. */
  readonly logColumns: LogColumns | undefined;
}

/** Takes one round trip if both tables exist, which is the case except for the first time. */
export async function readLedger(client: SqlClient, tables: Tables): Promise<LedgerState> {
  try {
    return await read(client, tables, { ledger: true, log: true }, 'asked for columns');
  } catch (error) {
    if (codeOf(error) !== '42P01' && codeOf(error) !== '3F000') throw await readingFailed(error, tables, client);
    return readLedgerInside(client, tables);
  }
}

/**
 * The same inside a transaction that must not fail, such as the one that holds the lock, so it first checks whether the tables exist. It
 * does not read the columns, because that would lock a catalog table until the end of the transaction.
 */
export async function readLedgerInside(client: SqlClient, tables: Tables): Promise<LedgerState> {
  const found = await client.query(
    `SELECT to_regclass(${quoteLiteral(tables.ledger)}) IS NOT NULL AS ledger, to_regclass(${quoteLiteral(tables.log)}) IS NOT NULL AS log, ${selectDownsTable(tables)} AS downs`,
  );
  try {
    return await read(client, tables, found.rows[0] as unknown as LedgerState['exists']);
  } catch (error) {
    throw await readingFailed(error, tables, client);
  }
}

async function read(
  client: SqlClient,
  tables: Tables,
  exists: LedgerState['exists'],
  about?: 'asked for columns',
): Promise<LedgerState> {
  // Each column is aggregated separately: an object for each row would take the server twice as long.
  const applied = exists.ledger
    ? `SELECT json_build_object('id', array_agg(id), 'timestamp', array_agg("timestamp"), 'name', array_agg(name)) FROM (SELECT * FROM ${tables.ledger} ORDER BY id) AS ledger`
    : 'NULL';
  const halfDone = exists.log
    ? `SELECT json_agg(l ORDER BY l.id) FROM ${tables.log} l WHERE NOT transactional AND state IN ('started', 'failed')`
    : 'NULL';
  const deferred = exists.log ? selectNotes(tables) : 'NULL';
  const checksums = exists.log ? selectChecksums(tables) : 'NULL';
  const awaited = exists.ledger && exists.log ? selectAwaited(tables) : 'NULL';
  const columns = about ? selectAddedColumns(tables) : 'NULL';
  const { rows } = await asking(client, 'the query for the applied migrations', () =>
    client.query(
      `SELECT (${applied}) AS applied, (${halfDone}) AS half_done, (${deferred}) AS deferred, (${checksums}) AS checksums, (${awaited}) AS awaited, (${columns}) AS log_columns`,
    ),
  );
  const row = rows[0] as {
    readonly applied: LedgerColumns | null;
    readonly half_done: HalfDone[] | null;
    readonly deferred: DeferredNote[] | null;
    readonly checksums: Readonly<Record<string, string>> | null;
    readonly awaited: readonly string[] | null;
    readonly log_columns: unknown;
  };
  return {
    ...eachOnce(rowsOf(row.applied)),
    halfDone: row.half_done ?? [],
    deferred: row.deferred ?? [],
    checksums: new Map(Object.entries(row.checksums ?? {})),
    awaited: (row.awaited ?? []).map((name) => ({ name, timestamp: timestampOf(name) ?? 0 })),
    exists,
    logColumns: columnsFrom(row.log_columns),
  };
}

/** The first row of each migration shows when it was applied. */
function eachOnce(rows: readonly LedgerRow[]): Pick<LedgerState, 'applied' | 'duplicates'> {
  const first = new Map<string, LedgerRow>();
  for (const row of rows) if (!first.has(row.name)) first.set(row.name, row);
  return { applied: [...first.values()], duplicates: rows.filter((row) => first.get(row.name) !== row) };
}

/** Null if there is no row. */
type LedgerColumns = { readonly [Column in keyof LedgerRow]: readonly LedgerRow[Column][] | null };

function rowsOf(columns: LedgerColumns | null): readonly LedgerRow[] {
  const { id, timestamp, name } = columns ?? {};
  if (!id || !timestamp || !name) return [];
  return name.map((one, row) => ({ id: id[row] ?? 0, timestamp: timestamp[row] ?? 0, name: one }));
}

/** The table as TypeORM creates it. */
export function createLedgerTable({ ledger, primaryKey }: Pick<Tables, 'ledger' | 'primaryKey'>): string {
  return `CREATE TABLE IF NOT EXISTS ${ledger} ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL, "name" character varying NOT NULL, CONSTRAINT ${quoteName(primaryKey)} PRIMARY KEY ("id"))`;
}

/** Creates the tables that do not exist, the ledger exactly as TypeORM creates it. */
export async function ensureTables(
  client: SqlClient,
  tables: Tables,
  exists: LedgerState['exists'],
  onEvent: EventListener,
): Promise<void> {
  const missing = [
    ...(exists.ledger ? [] : [createLedgerTable(tables)]),
    ...(exists.log ? [] : [createLogTable(tables)]),
  ];
  if (missing.length === 0) return;
  try {
    const created = await createLedgerSchema(client, tables);
    if (created !== undefined) onEvent({ type: 'warning', code: 'SCHEMA_CREATED', message: schemaCreated(created) });
    const skipped = exists.ledger ? undefined : await aboutSearchPath(client, tables);
    if (skipped !== undefined) onEvent({ type: 'warning', code: 'SCHEMA_MISSING', message: skipped });
    await client.query(missing.join(';\n'));
  } catch (error) {
    throw await creatingFailed(error, tables, client);
  }
}

/** The statement that records a migration as applied or reverted. */
export function ledgerChange(
  tables: Pick<Tables, 'ledger'>,
  { name, timestamp }: Pick<LedgerRow, 'name' | 'timestamp'>,
  direction: Direction,
): string {
  return direction === 'up'
    ? `INSERT INTO ${tables.ledger} ("timestamp", "name") VALUES (${timestamp}, ${quoteLiteral(name)})`
    : `DELETE FROM ${tables.ledger} WHERE name = ${quoteLiteral(name)}`;
}

/** The same, but without an effect if the ledger already has this state, which the caller sees by the number of changed rows. */
export function ledgerChangeOnce(
  tables: Pick<Tables, 'ledger'>,
  row: Pick<LedgerRow, 'name' | 'timestamp'>,
  direction: Direction,
): string {
  if (direction === 'down') return ledgerChange(tables, row, direction);
  const { name, timestamp } = row;
  return `INSERT INTO ${tables.ledger} ("timestamp", "name") SELECT ${timestamp}, ${quoteLiteral(name)}
    WHERE NOT EXISTS (SELECT FROM ${tables.ledger} WHERE name = ${quoteLiteral(name)})`;
}

/** Deletes all rows of a migration except the first. */
export function deleteDuplicates(tables: Pick<Tables, 'ledger'>, name: string): string {
  const rows = `FROM ${tables.ledger} WHERE name = ${quoteLiteral(name)}`;
  return `DELETE ${rows} AND id > (SELECT min(id) ${rows});`;
}

async function readingFailed(error: unknown, tables: Tables, client: SqlClient): Promise<unknown> {
  if (codeOf(error) === '42703') return notOurs(error, tables);
  if (codeOf(error) !== '42501') return error;
  return new MigrateError({
    code: 'PERMISSION_DENIED',
    message: `This role may not read ${tables.ledger} or ${tables.log}. Nothing was changed.`,
    next: `As the owner of these tables: GRANT SELECT ON ${tables.ledger}, ${tables.log} TO ${await quotedRole(client)}; to run migrations, connect as the role that owns them.`,
    cause: error,
  });
}

/** Other tools call their table `migrations`, too. */
function notOurs(cause: unknown, { ledger, name, log }: Tables): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The table ${ledger} (or ${log}) does not have the columns that TypeORM and nest-migrate give it: ${messageOf(cause)}. It probably belongs to another tool. Nothing was changed.`,
    next: `Name another table in the options of the connection: migrationsTableName: 'typeorm_${name}'`,
    exitCode: ExitCode.usage,
    cause,
  });
}

function schemaCreated(name: string): string {
  return `The schema ${quoteName(name)}, which the data source names, did not exist: it has been created.`;
}

async function creatingFailed(error: unknown, tables: Tables, client: SqlClient): Promise<unknown> {
  if (codeOf(error) === '42501') {
    // Without the option `schema`, the server chooses it.
    const chosen = /^permission denied for schema (.+)$/.exec(messageOf(error))?.[1];
    const name = quoteName(tables.schema ?? chosen ?? 'public');
    const where =
      tables.schema !== undefined
        ? `schema ${name}`
        : chosen === undefined
          ? 'the current schema'
          : `schema ${name}, the first one of the search path that exists`;
    return new MigrateError({
      code: 'PERMISSION_DENIED',
      message: `This role may not create the tables ${tables.ledger} and ${tables.log} in ${where}. Nothing was changed.`,
      next: `As the owner of the schema: GRANT CREATE, USAGE ON SCHEMA ${name} TO ${await quotedRole(client)}; or migrate with a role that has these privileges.`,
      cause: error,
    });
  }
  if (codeOf(error) === '3F000') {
    return new MigrateError({
      code: 'PERMISSION_DENIED',
      message: `The search_path of this role names no schema that exists, so the table ${tables.ledger} cannot be created. Nothing was changed.`,
      next: 'Set a search_path with an existing schema for this role, or set `schema` in the data source.',
      cause: error,
    });
  }
  return error;
}
