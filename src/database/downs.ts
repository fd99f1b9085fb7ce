import type { Direction } from '../events.js';
import { mostKeptBytes } from '../files/kept-down.js';
import type { KeptDown } from '../files/kept-down.js';
import type { Runnable } from '../files/migration.js';
import type { MigrationName } from '../files/name.js';
import { withoutPasswords } from '../passwords.js';
import { quoteLiteral } from '../sql/index.js';
import type { DirectedMigration } from './directed-migration.js';
import { ledgerChange, ledgerChangeOnce } from './ledger.js';
import type { DownsUse } from './downs-table.js';
import type { LedgerRow, LedgerState } from './ledger.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/** The statements that revert a migration which is being applied, if they can be kept. */
export async function downOf(
  { direction }: DirectedMigration,
  { keptDown }: Runnable,
  applied: 'in a transaction' | 'in steps',
  use: DownsUse,
): Promise<KeptDown | undefined> {
  if (direction === 'down' || use !== 'keep') return undefined;
  const statements = await keptDown?.();
  return statements && keepable({ transaction: applied === 'in a transaction', statements });
}

/** Undefined if the statements are too long or contain a password. */
export function keepable(down: KeptDown): KeptDown | undefined {
  const text = JSON.stringify(down.statements);
  // jsonb cannot store this character.
  if (Buffer.byteLength(text) > mostKeptBytes || text.includes(String.raw`\u0000`)) return undefined;
  const isClean = down.statements.every(({ sql, parameters }) => {
    const all = [sql, ...(parameters ?? []).map(String)];
    return all.every((one) => withoutPasswords(one, sql) === one);
  });
  return isClean ? down : undefined;
}

/** The data recorded for a migration. */
interface Recorded {
  readonly migration: MigrationName;
  readonly direction: Direction;
}

/** The statements that record a migration in the ledger and store, or delete, its down. */
export function ledgerAndDown(
  { migration, direction }: Recorded,
  down: KeptDown | undefined,
  { tables, downs }: { readonly tables: Tables; readonly downs: DownsUse },
): string {
  const change = ledgerChange(tables, migration, direction);
  if (direction === 'down' && downs !== 'leave') return `${change}; ${forgetDown(tables, migration.name)}`;
  return down === undefined
    ? change
    : `WITH recorded AS (${change} RETURNING id) ${keepDown(tables, migration.name, down)}`;
}

/** The same as parts of one statement. The part `recorded` returns a row if the ledger was changed. */
export function recordedParts(
  { migration, direction }: Recorded,
  down: KeptDown | undefined,
  { tables, downs }: { readonly tables: Tables; readonly downs: DownsUse },
): string {
  const recorded = `recorded AS (${ledgerChangeOnce(tables, migration, direction)} RETURNING id)`;
  if (direction === 'down' && downs !== 'leave')
    return `${recorded}, forgotten AS (${forgetDown(tables, migration.name)})`;
  return down === undefined ? recorded : `${recorded}, kept AS (${keepDown(tables, migration.name, down)})`;
}

function keepDown({ downs }: Tables, name: string, { transaction, statements }: KeptDown): string {
  return `INSERT INTO ${downs} (migration, ledger_id, transaction, statements)
    SELECT ${quoteLiteral(name)}, id, ${transaction}, ${quoteLiteral(JSON.stringify(statements))}::jsonb FROM recorded
    ON CONFLICT (migration) DO UPDATE SET ledger_id = excluded.ledger_id, transaction = excluded.transaction, statements = excluded.statements`;
}

function forgetDown({ downs }: Tables, name: string): string {
  return `DELETE FROM ${downs} WHERE migration = ${quoteLiteral(name)}`;
}

type Ledger = Pick<LedgerState, 'applied' | 'duplicates'>;

/** The migrations among these that can be reverted without their files. */
export async function namesOfKept(
  client: SqlClient,
  tables: Tables,
  rows: readonly LedgerRow[],
  ledger: Ledger,
): Promise<ReadonlySet<string>> {
  return new Set((await readRows(client, tables, rows, ledger, '')).map(({ migration }) => migration));
}

/** The stored downs of these migrations. */
export async function readDowns(
  client: SqlClient,
  tables: Tables,
  rows: readonly LedgerRow[],
  ledger: Ledger,
): Promise<ReadonlyMap<string, KeptDown>> {
  const found = await readRows(client, tables, rows, ledger, ', transaction, statements');
  return new Map(found.map(({ migration, transaction, statements }) => [migration, { transaction, statements }]));
}

interface Row extends KeptDown {
  readonly migration: string;
  readonly id: string;
}

/** Checks the privilege first, because the transaction of the connection that holds the lock must not fail. */
async function readRows(
  client: SqlClient,
  { downs }: Tables,
  rows: readonly LedgerRow[],
  { applied, duplicates }: Ledger,
  columns: string,
): Promise<readonly Row[]> {
  if (rows.length === 0) return [];
  const table = `to_regclass(${quoteLiteral(downs)})`;
  const { rows: asked } = await client.query(
    `SELECT coalesce(has_table_privilege(${table}, 'SELECT'), false) AS readable`,
  );
  if (asked[0]?.['readable'] !== true) return [];
  const names = rows.map(({ name }) => quoteLiteral(name)).join(', ');
  const found = await client.query(
    `SELECT migration, ledger_id::text AS id${columns} FROM ${downs} WHERE migration IN (${names})`,
  );
  const isRecorded = ({ migration, id }: Row): boolean =>
    [...applied, ...duplicates].some((row) => row.name === migration && String(row.id) === id);
  const place = new Map(rows.map(({ name }, index) => [name, index]));
  const valid = (found.rows as unknown as readonly Row[]).filter(isRecorded);
  return valid.toSorted((a, b) => (place.get(a.migration) ?? 0) - (place.get(b.migration) ?? 0));
}
