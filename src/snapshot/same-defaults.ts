import type { SqlClient } from '../database/sql-client.js';
import { differingDefaults, equalDefaults, withDefaultsOf } from '../schema/equal-defaults.js';
import type { Schema } from '../schema/read.js';
import { hashOf } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import type { Shadow } from '../shadow/shadow.js';
import { divide } from './loose-defaults.js';
import type { LooseDefaults } from './loose-defaults.js';

interface Asking {
  readonly shadow: Shadow;
  readonly cache: SchemaCache;
  readonly loose: LooseDefaults;
}

/**
 * The desired schema, with the defaults as the other one puts them that are equal: `'0'::bigint` and `0`, `now()` and CURRENT_TIMESTAMP. A
 * shadow says so, once for each two texts.
 */
export async function withSameDefaults(from: Schema, to: Schema, { shadow, cache, loose }: Asking): Promise<Schema> {
  const [kept, pairs] = divide(differingDefaults(from, to), loose);
  if (pairs.length === 0) return withDefaultsOf(from, to, kept);
  const key = `defaults ${hashOf(pairs.flatMap(({ type, texts }) => [type, ...texts]))}`;
  const known = await cache.get<readonly boolean[]>(key);
  const equal = known
    ? pairs.filter((_pair, index) => known[index])
    : await shadow.aside([], (database) => equalDefaults(pairs, database));
  const verdicts = pairs.map((pair) => equal.includes(pair));
  if (known === undefined) await cache.set(key, verdicts);
  return withDefaultsOf(from, to, [...kept, ...equal]);
}

/** The same on the shadow with the present schema, which has all types and functions, and where renames have brought together what belongs together. */
export async function withSameDefaultsThere(
  from: Schema,
  to: Schema,
  client: SqlClient,
  loose: LooseDefaults,
): Promise<Schema> {
  const [kept, pairs] = divide(differingDefaults(from, to), loose);
  if (pairs.length === 0) return withDefaultsOf(from, to, kept);
  await client.query('BEGIN');
  try {
    return withDefaultsOf(from, to, [...kept, ...(await equalDefaults(pairs, client))]);
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The desired schema, with defaults of the database that the entities do not determine: a fixed moment, for example, is that of its creation. */
export function withPresentDefaults(live: Schema, to: Schema, loose: LooseDefaults): Schema {
  return withDefaultsOf(live, to, divide(differingDefaults(live, to), loose)[0]);
}
