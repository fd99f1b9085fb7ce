import type { Holder } from '../../database/drafts.js';
import type { SqlClient } from '../../database/sql-client.js';
import type { Step } from '../../plan/step.js';
import type { ObjectId } from '../../schema/object-id.js';
import { quoteName } from '../../sql/index.js';

/** The steps that lose something here: a table without rows, and a column without values, are no loss. */
export async function lossesHere(steps: readonly Step[], client: SqlClient): Promise<readonly Step[]> {
  const found: Step[] = [];
  for (const step of steps) {
    const holders = (step.takes ?? []).flatMap(holderOf);
    if (holders.length === 0 || (await holding(holders, client)).length > 0) found.push(step);
  }
  return found;
}

/** Which of them hold data. What is not there under that name is taken to hold some, since it may have been renamed. */
export async function holding(holders: readonly Holder[], client: SqlClient): Promise<readonly Holder[]> {
  const found: Holder[] = [];
  for (const holder of holders) {
    const table = `${quoteName(holder.schema)}.${quoteName(holder.table)}`;
    const where = holder.column === undefined ? '' : ` WHERE ${quoteName(holder.column)} IS NOT NULL`;
    const isThere = await client.query(`SELECT EXISTS (SELECT FROM ${table}${where}) AS held`).then(
      ({ rows }) => rows[0]?.['held'] === true,
      () => true,
    );
    if (isThere) found.push(holder);
  }
  return found;
}

export function holderOf({ kind, schema = 'public', table, name = '' }: ObjectId): readonly Holder[] {
  if (kind === 'table') return [{ schema, table: name }];
  return kind === 'column' && table !== undefined ? [{ schema, table, column: name }] : [];
}
