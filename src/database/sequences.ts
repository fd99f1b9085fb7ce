import type { SqlClient } from './sql-client.js';
import { quoteLiteral } from '../sql/index.js';

/** The last value and the direction of each sequence that has been used. */
export type Sequences = ReadonlyMap<string, { readonly last: bigint; readonly ascending: boolean }>;

/** nextval() and setval() are not transactional, so no ROLLBACK undoes them. */
export async function readSequences(client: SqlClient): Promise<Sequences> {
  const { rows } = await client.query(
    `SELECT format('%I.%I', schemaname, sequencename) AS name, last_value::text AS last, increment_by > 0 AS ascending
     FROM pg_sequences WHERE last_value IS NOT NULL`,
  );
  return new Map(
    rows.map(({ name, last, ascending }) => [
      String(name),
      { last: BigInt(String(last)), ascending: ascending === true },
    ]),
  );
}

/** A sequence that was set back would return values that are in use, so it is restored. One that only advanced has a gap. */
export async function undoSetBack(client: SqlClient, before: Sequences): Promise<void> {
  const now = await readSequences(client);
  for (const [name, { last, ascending }] of before) {
    const then = now.get(name)?.last;
    const setBack = then === undefined || (ascending ? then < last : then > last);
    if (setBack) await client.query(`SELECT setval(to_regclass(${quoteLiteral(name)}), ${last})`);
  }
}
