import type { Holder } from '../../database/drafts.js';
import type { SqlClient } from '../../database/sql-client.js';
import { ExitCode, MigrateError } from '../../errors.js';
import type { Step } from '../../plan/step.js';
import type { ObjectId } from '../../schema/object-id.js';
import { quoteLiteral, quoteName } from '../../sql/index.js';
import type { DevOptions } from './types.js';

/**
 * The data that the steps lose in this database, in words. An empty table, or a column in which every row has the default value, is no
 * loss.
 */
export async function lossesHere(steps: readonly Step[], client: SqlClient): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { takes = [], loses } of steps) {
    const holders = takes.flatMap(holderOf);
    if (loses !== undefined && (holders.length === 0 || (await holding(holders, client)).length > 0)) found.add(loses);
  }
  return [...found];
}

/** The user decides whether data may be lost. `happens` describes what would lose it. */
export async function confirmLosses(
  losses: readonly string[],
  happens: string,
  { allowDestructive = false, ask }: DevOptions,
): Promise<void> {
  if (losses.length === 0 || allowDestructive) return;
  const what = [happens, ...losses.map((loss) => `  - ${loss}`)].join('\n');
  if (await ask?.confirm(`${what}\nContinue?`)) return;
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: `${what}\nNothing was changed.`,
    next: 'If this is intended, add --allow-destructive.',
    exitCode: ExitCode.todo,
  });
}

/** The objects that hold data. An object that does not exist under that name counts as holding data, because it may have been renamed. */
export async function holding(holders: readonly Holder[], client: SqlClient): Promise<readonly Holder[]> {
  const found: Holder[] = [];
  for (const holder of holders) {
    const isHeld = await whereHeld(holder, client)
      .then((where) => client.query(`SELECT EXISTS (SELECT FROM ${tableOf(holder)}${where}) AS held`))
      .then(
        ({ rows }) => rows[0]?.['held'] === true,
        () => true,
      );
    if (isHeld) found.push(holder);
  }
  return found;
}

/** The default value of a column does not count as data. */
async function whereHeld(holder: Holder, client: SqlClient): Promise<string> {
  if (holder.column === undefined) return '';
  const { rows } = await client.query(
    `SELECT pg_get_expr(adbin, adrelid) AS fallback FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
     WHERE adrelid = ${quoteLiteral(tableOf(holder))}::regclass AND attname = ${quoteLiteral(holder.column)} AND attgenerated = ''`,
  );
  const column = quoteName(holder.column);
  const fallback = rows[0]?.['fallback'];
  // Compared by their binary representation, because json has no `=`.
  const isDefault = typeof fallback === 'string' ? ` AND ROW(${column})::record *<> ROW(${fallback})::record` : '';
  return ` WHERE ${column} IS NOT NULL${isDefault}`;
}

function tableOf({ schema, table }: Holder): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}

export function holderOf({ kind, schema = 'public', table, name = '' }: ObjectId): readonly Holder[] {
  if (kind === 'table') return [{ schema, table: name }];
  return kind === 'column' && table !== undefined ? [{ schema, table, column: name }] : [];
}
