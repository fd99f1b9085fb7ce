import { codeOf, messageOf } from '../errors.js';
import type { EventListener } from '../events.js';
import type { ResolvedSettings } from '../options.js';
import { quoteLiteral } from '../sql/index.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/** Whether this role finds the table, and may write to it. */
export type DownsTable = 'missing' | 'writable' | 'denied';

/** What is done with the table when migrations are applied or reverted. */
export type DownsUse = 'keep' | 'only forget' | 'leave';

/** A row belongs to a row of the ledger: one that was applied again otherwise has another number, and what was kept of it before is void. */
export function createDownsTable({ downs }: Pick<Tables, 'downs'>): string {
  return `CREATE TABLE IF NOT EXISTS ${downs} (
  "migration" character varying PRIMARY KEY,
  "ledger_id" bigint NOT NULL,
  "transaction" boolean NOT NULL,
  "statements" jsonb NOT NULL
)`;
}

/** SQL of the state of the table, which asks for names only. */
export function selectDownsTable({ downs }: Pick<Tables, 'downs'>): string {
  const table = `to_regclass(${quoteLiteral(downs)})`;
  const may = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'].map((right) => `has_table_privilege(${table}, '${right}')`);
  return `CASE WHEN ${table} IS NULL THEN 'missing' WHEN ${may.join(' AND ')} THEN 'writable' ELSE 'denied' END`;
}

interface Preparing {
  readonly tables: Tables;
  readonly settings: Pick<ResolvedSettings, 'keepDown'>;
  readonly onEvent: EventListener;
}

/** What can be done with the table as it was found. */
export function useOfDowns(found: DownsTable, context: Preparing): DownsUse {
  if (!context.settings.keepDown) return found === 'writable' ? 'only forget' : 'leave';
  if (found !== 'denied') return found === 'writable' ? 'keep' : 'leave';
  const { downs } = context.tables;
  return notKept('this role may not write to it', `SELECT, INSERT, UPDATE, DELETE ON ${downs}`, context);
}

/** Where this role may not create it, migrations run all the same, and nothing is kept. */
export async function createDowns(client: SqlClient, context: Preparing): Promise<DownsUse> {
  try {
    await client.query(createDownsTable(context.tables));
    return 'keep';
  } catch (error) {
    if (codeOf(error) !== '42501') throw error;
    return notKept(`this role may not create it (${messageOf(error)})`, 'CREATE on the schema', context);
  }
}

function notKept(why: string, grant: string, { tables, onEvent }: Preparing): DownsUse {
  const message = `The statements that revert migrations are not kept in ${tables.downs}: ${why}. Migrations run as before, but can be reverted only while their files are here. Grant the role ${grant}, or set \`keepDown: false\`.`;
  onEvent({ type: 'warning', code: 'DOWNS_NOT_KEPT', message });
  return 'leave';
}
