import { readLedger } from '../database/ledger.js';
import type { SqlClient } from '../database/sql-client.js';
import { MigrateError } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import type { CommandContext, Survey } from './context.js';
import type { StatusProblem } from './types.js';

/** Pending migrations that are applied according to the log, although the ledger lists nothing. */
export interface LostLedger {
  readonly names: readonly string[];
  readonly pending: readonly string[];
}

/** The rows of the ledger may be lost: it was dropped or emptied, or a dump was restored without it. */
export async function lostLedgerOf(
  { state, foreign, pending }: Survey,
  client: SqlClient,
  { tables }: Pick<CommandContext, 'tables'>,
): Promise<LostLedger | undefined> {
  if (!state.exists.log || state.applied.length + foreign.length > 0 || pending.length === 0) return undefined;
  const asked = pending.map(({ name }) => quoteLiteral(name)).join(', ');
  const { rows } = await client.query(
    `SELECT migration FROM (SELECT DISTINCT ON (migration) migration, state FROM ${tables.log}
       WHERE migration IN (${asked}) AND state NOT IN ('deferred', 'awaited') ORDER BY migration, id DESC) last WHERE state = 'applied'`,
  );
  const applied = new Set(rows.map(({ migration }) => migration));
  const all = pending.map(({ name }) => name);
  const names = all.filter((name) => applied.has(name));
  if (names.length === 0) return undefined;
  // Another process may have applied them since the ledger was read: it writes to both tables in one transaction.
  const { applied: now } = await readLedger(client, tables);
  return now.length > 0 ? undefined : { names, pending: all };
}

export function lostLedgerProblem(lost: LostLedger, context: CommandContext): StatusProblem {
  return {
    code: 'LEDGER_LOST',
    migration: null,
    message: `The rows of the table ${context.tables.name} may be lost: ${describe(lost, context)}. ${nextAfterLoss(lost, context).replaceAll('\n', '. ')}.`,
  };
}

/** To run them again would fail, or, if it does not, repeat what they did to the rows. */
export async function refuseLostLedger(now: Survey, client: SqlClient, context: CommandContext): Promise<void> {
  const lost = await lostLedgerOf(now, client, context);
  if (lost === undefined) return;
  throw new MigrateError({
    code: 'LEDGER_LOST',
    message: `Nothing was run: ${describe(lost, context)}. Perhaps its rows were lost.`,
    next: nextAfterLoss(lost, context),
  });
}

function describe({ names, pending }: LostLedger, { tables }: Pick<CommandContext, 'tables'>): string {
  const [which, are] = names.length === 1 ? ['one', 'is'] : [String(names.length), 'are'];
  const of = pending.length === 1 ? 'the pending migration' : `${which} of the ${pending.length} pending migrations`;
  return `${of} ${are} applied according to the table ${tables.logName}, but the table ${tables.name} lists none`;
}

function nextAfterLoss({ names, pending }: LostLedger, { tables }: Pick<CommandContext, 'tables'>): string {
  const last = names.at(-1) ?? '';
  const besides = pending.slice(0, pending.indexOf(last)).filter((name) => !names.includes(name));
  const more = besides.length === 0 ? '' : `\nThat also records ${besides.join(', ')}, which the log does not list.`;
  return `If what they have created is there, record them again: nest-migrate run --fake --to ${last}${more}
If it is gone, too, empty the log: TRUNCATE ${tables.log}`;
}
