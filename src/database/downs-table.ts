import { codeOf, messageOf } from '../errors.js';
import type { EventListener } from '../events.js';
import type { ResolvedSettings } from '../options.js';
import { quoteLiteral } from '../sql/index.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/** Whether the table exists, and whether this role may write to it. */
export type DownsTable = 'missing' | 'writable' | 'denied';

/** What is written to the table when migrations are applied or reverted. */
export type DownsUse = 'keep' | 'only forget' | 'leave';

/**
 * Each row belongs to a row of the ledger. If a migration is applied again by other means, its ledger row has a different id, and the old
 * statements no longer count.
 */
export function createDownsTable({ downs }: Pick<Tables, 'downs'>): string {
  return `CREATE TABLE IF NOT EXISTS ${downs} (
  "migration" character varying PRIMARY KEY,
  "ledger_id" bigint NOT NULL,
  "transaction" boolean NOT NULL,
  "statements" jsonb NOT NULL
)`;
}

/** SQL that reads the state of the table from the catalog. */
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

/** How the table can be used in this state. */
export function useOfDowns(found: DownsTable, context: Preparing): DownsUse {
  if (!context.settings.keepDown) return found === 'writable' ? 'only forget' : 'leave';
  if (found !== 'denied') return found === 'writable' ? 'keep' : 'leave';
  const { downs } = context.tables;
  return notKept('this role may not write to it', `SELECT, INSERT, UPDATE, DELETE ON ${downs}`, context);
}

/** If this role may not create the table, migrations run all the same, and nothing is kept. */
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
