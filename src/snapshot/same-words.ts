import type { SqlClient } from '../database/sql-client.js';
import { messageOf } from '../errors.js';
import { compareSchemas } from '../schema/compare.js';
import type { Difference } from '../schema/differences.js';
import { differingDefaults, equalDefaults, withDefaultsOf } from '../schema/equal-defaults.js';
import type { TwoDefaults } from '../schema/equal-defaults.js';
import { narrow } from '../schema/narrow.js';
import { describeObject, keyOf } from '../schema/object-id.js';
import { differingTexts, textsOf, withTexts } from '../schema/printed-texts.js';
import type { Payload } from '../schema/printed-texts.js';
import { readSchema } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import { hashOf } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import { initialStateOfCopy } from '../shadow/initial-state.js';
import { withSearchPath } from '../shadow/search-path.js';
import { withShadow } from '../shadow/shadow.js';
import { ownTables } from './own-tables.js';
import type { Project } from './project.js';
import { extensionsOf } from './schema-on-shadow.js';

interface SameWords {
  readonly url: string | undefined;
  readonly cache: SchemaCache;
  /** The search path of the session that has read the database. */
  readonly searchPath: string;
}

/**
 * The schema of the database, with the texts in which it differs as the shadow's version of PostgreSQL prints them: it is made there once
 * more for that.
 */
export async function inSameWords(
  expected: Schema,
  live: Schema,
  project: Project,
  { url, cache, searchPath }: SameWords,
): Promise<{ readonly schema: Schema; readonly warnings: readonly string[] }> {
  const suspects = differingTexts(expected, live);
  if (suspects.length === 0) return { schema: live, warnings: [] };
  const as = (side: 'from' | 'to') => (one: Difference) => textsOf(one, one[side]?.payload ?? {});
  // A change of these texts, and of nothing else, is what decides which part of the database is made.
  const { to: part } = narrow(withTexts(live, suspects, as('from')), live);
  const defaults = differingDefaults(expected, live);
  const key = `words ${hashOf([searchPath, JSON.stringify(part.facts), JSON.stringify(defaults)])}`;
  const made =
    (await cache.get<Made>(key)) ?? (await makeOnShadow({ part, suspects, defaults, searchPath }, project, url));
  if (made.failures.length === 0) await cache.set(key, made);
  const printed = withTexts(live, suspects, (one) => textsOf(one, made.payloads.get(keyOf(one.id)) ?? {}));
  const equal = defaults.filter(({ id }) => made.equalDefaults.has(keyOf(id)));
  const schema = withDefaultsOf(expected, printed, equal);
  const notMade = suspects.filter(({ id }) => !made.payloads.has(keyOf(id))).map(({ id }) => describeObject(id));
  return { schema, warnings: notMade.length === 0 ? [] : [notComparable(notMade, made.failures)] };
}

interface Made {
  /** What the suspects are like there, by the keys of the objects. */
  readonly payloads: ReadonlyMap<string, Payload>;
  /** The keys of the defaults that are equal in another form. */
  readonly equalDefaults: ReadonlySet<string>;
  readonly failures: readonly string[];
}

interface Asked extends Pick<SameWords, 'searchPath'> {
  readonly part: Schema;
  readonly suspects: readonly Difference[];
  readonly defaults: readonly TwoDefaults[];
}

/** Creates as much of it as possible, since an extension or a role may be missing. */
function makeOnShadow(
  { part, suspects, defaults, searchPath }: Asked,
  project: Project,
  url: string | undefined,
): Promise<Made> {
  return withShadow({ url, initial: () => withSearchPath(initialStateOfCopy(project), searchPath) }, async (shadow) => {
    const database = await shadow.database(extensionsOf(part));
    const read = (): Promise<Schema> => readSchema(database, { ignoreTables: ownTables(project), texts: 'settled' });
    const failures: string[] = [];
    const statements = [
      'SET check_function_bodies = off',
      ...(await compareSchemas(await read(), part)).map(({ sql }) => sql),
    ];
    const client = (await database.connect()) as Lent;
    const equal: TwoDefaults[] = [];
    try {
      for (const sql of statements) await client.query(sql).catch((error: unknown) => failures.push(messageOf(error)));
      await client.query('BEGIN');
      equal.push(...(await equalDefaults(defaults, client)));
      await client.query('ROLLBACK');
    } finally {
      client.release();
    }
    const made = await read();
    const found = suspects.flatMap(({ id }) => made.factOf(id) ?? []);
    return {
      payloads: new Map(found.map(({ id, payload }) => [keyOf(id), payload])),
      equalDefaults: new Set(equal.map(({ id }) => keyOf(id))),
      failures,
    };
  });
}

interface Lent extends SqlClient {
  release(): void;
}

function notComparable(objects: readonly string[], failures: readonly string[]): string {
  const because = failures[0] === undefined ? '' : ` (${failures[0]})`;
  return `Compared as two versions of PostgreSQL print them, which may differ where nothing else does, because the shadow could not create them${because}: ${objects.join(', ')}. A server of the same version helps: --shadow postgres://…`;
}
