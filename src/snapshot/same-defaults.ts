import type { SqlClient } from '../database/sql-client.js';
import { differingDefaults, equalDefaults, withDefaultsOf } from '../schema/equal-defaults.js';
import type { TwoDefaults } from '../schema/equal-defaults.js';
import { keyOf } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { hashOf } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import type { Shadow } from '../shadow/shadow.js';
import type { FrozenMoment } from './frozen-moments.js';

interface Asking {
  readonly shadow: Shadow;
  readonly cache: SchemaCache;
  readonly frozen: readonly FrozenMoment[];
}

/**
 * The desired schema, with the defaults as the other one puts them that are equal: `'0'::bigint` and `0`, `now()` and CURRENT_TIMESTAMP. A
 * shadow says so, once for each two texts.
 */
export async function withSameDefaults(from: Schema, to: Schema, { shadow, cache, frozen }: Asking): Promise<Schema> {
  const [kept, pairs] = split(differingDefaults(from, to), frozen);
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
  frozen: readonly FrozenMoment[],
): Promise<Schema> {
  const [kept, pairs] = split(differingDefaults(from, to), frozen);
  if (pairs.length === 0) return withDefaultsOf(from, to, kept);
  await client.query('BEGIN');
  try {
    return withDefaultsOf(from, to, [...kept, ...(await equalDefaults(pairs, client))]);
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The desired schema, with the fixed moments of the database in defaults: it was created at another moment. */
export function withPresentMoments(live: Schema, to: Schema, frozen: readonly FrozenMoment[]): Schema {
  return withDefaultsOf(live, to, split(differingDefaults(live, to), frozen)[0]);
}

/** A default with a fixed moment is kept, although the entities yield another moment each time. */
function split(
  pairs: readonly TwoDefaults[],
  frozen: readonly FrozenMoment[],
): readonly [kept: readonly TwoDefaults[], others: readonly TwoDefaults[]] {
  const keys = new Set(frozen.map(({ id }) => keyOf(id)));
  const isKept = ({ id, texts }: TwoDefaults): boolean =>
    keys.has(keyOf(id)) && texts.every((text) => /^'[^']*'::[a-z ()\d]+$/.test(text));
  return [pairs.filter(isKept), pairs.filter((pair) => !isKept(pair))];
}
