import { isMigrateError } from '../../errors.js';
import { prepareToCompare } from '../../schema/compare.js';
import { graft } from '../../schema/graft.js';
import { keyOf, sqlName } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { OwnWords } from '../../schema/own-words.js';
import { hashOf } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { createEntities } from '../../shadow/entities.js';
import { entityChanges } from '../../shadow/entity-changes.js';
import type { EntityChanges } from '../../shadow/entity-changes.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { initialSessionOf } from '../../shadow/initial-session.js';
import { aside } from '../../shadow/throwaway.js';
import { withEntities } from '../../shadow/with-entities.js';
import type { CommandContext } from '../context.js';
import { refuseUnlisted, refuseUnmatched } from '../entities.js';
import { readWords } from './entity-words.js';
import { frozenMoments } from './frozen-moments.js';
import type { FrozenMoment } from './frozen-moments.js';
import { readHistory } from './history.js';
import type { History } from './history.js';
import { withThrowaway } from './on-shadow.js';
import type { Lend } from './on-shadow.js';
import type { InitialSide } from './initial-side.js';
import { restored, sideOf, storedOf } from './side.js';
import type { Side, StoredSide } from './side.js';
import { ownTables, unmanagedTables } from './tables.js';
import { commandOf, quoteName } from '../../sql/index.js';

/** What the entities say, as far as TypeORM knows it without a database. */
export interface Described {
  /** With which TypeORM creates them. */
  readonly statements: readonly string[];
  readonly history: History;
  /** How they put it, where PostgreSQL puts it otherwise. */
  readonly words: OwnWords;
  readonly frozen: readonly FrozenMoment[];
  /** Tables that the entities only know: neither side has them. */
  readonly unmanaged: readonly ObjectId[];
}

export async function readEntities(context: CommandContext): Promise<Described> {
  const { schema } = initialSessionOf(context);
  return withEntities(context, async (entities) => {
    const given = { source: context.dataSource, loaded: entities, cwd: process.cwd() };
    await refuseUnlisted(given);
    await refuseUnmatched(given);
    const statements: string[] = [];
    await createEntities(entities, (sql) => Promise.resolve(statements.push(sql)));
    return {
      statements,
      history: readHistory(entities, schema),
      words: readWords(entities, statements, schema),
      frozen: frozenMoments(entities, schema),
      unmanaged: unmanagedTables(entities, schema),
    };
  });
}

export interface Making {
  readonly context: CommandContext;
  readonly described: Described;
  /** A database in its initial state. */
  readonly lend: Lend;
  readonly initial: InitialSide;
  readonly url: string | undefined;
  readonly cache: SchemaCache;
}

/**
 * What the entities describe, made beside the initial state and read from the catalog: as it was read before, where the statements are the
 * same; where a few tables have changed, only those are made.
 */
export async function desiredSide(making: Making): Promise<Side> {
  const { cache, context, described } = making;
  const { statements } = described;
  const beside = [(await initialStateOf(context)).key, ...ownTables(context).map(keyOf)];
  const key = `entities ${hashOf([...beside, ...statements])}`;
  const latest = `latest ${hashOf([process.cwd(), ...beside])}`;
  const known = await restoredFrom(cache, key);
  if (known) return known;
  const last = await cache.get<{ readonly key: string; readonly statements: readonly string[] }>(latest);
  const changes = last && entityChanges(last.statements, statements);
  const side = (changes && (await grafted(last.key, changes, making))) ?? (await whole(making));
  await cache.set(key, storedOf(side));
  await cache.set(latest, { key, statements });
  return side;
}

async function whole(making: Making): Promise<Side> {
  return (await madeAside(making.described.statements, making)) ?? explained(making);
}

/** One by one, which takes longer: with its errors explained, and what others have made where something refers to it. */
function explained({ context, described, url, initial }: Making): Promise<Side> {
  return withEntities(context, (entities) =>
    withThrowaway({ url, initial: () => initialStateOf(context) }, async (lend) => {
      const { pool } = await lend(extensionsIn(described.statements));
      for (const sql of initial.clearing) await pool.query(sql);
      await createEntities(entities, (sql) => pool.query(sql));
      return sideOf(pool, context, { unmanaged: described.unmanaged, texts: 'settled' });
    }),
  );
}

/** Only what has changed since `before` is made; undefined where that is not known any more. */
async function grafted(before: string, changes: EntityChanges, making: Making): Promise<Side | undefined> {
  // The one is work for the database; meanwhile this thread does the other.
  const [part, known] = await Promise.all([
    madeAside(changes.statements, making),
    restoredFrom(making.cache, before),
    prepareToCompare(),
  ]);
  if (part === undefined || known === undefined) return undefined;
  const { schema, metadata } = known;
  const { schema: unnamed } = initialSessionOf(making.context);
  const isChanged = (id: ObjectId): boolean => {
    // TypeORM leaves the schema out only where it is the default one.
    const names = [sqlName(id), ...(id.schema === unnamed ? [quoteName(id.name ?? '')] : [])];
    if (id.kind === 'type') return names.some((name) => changes.types.has(name));
    return id.kind === 'table' && names.some((name) => changes.tables.has(name));
  };
  return { schema: graft(schema, part.schema, isChanged), metadata };
}

async function restoredFrom(cache: SchemaCache, key: string): Promise<Side | undefined> {
  const stored = await cache.get<StoredSide>(key);
  return stored && restored(stored);
}

/** All at once, read, and taken back; undefined when something is wrong with it. */
async function madeAside(
  statements: readonly string[],
  { context, described, lend, initial }: Making,
): Promise<Side | undefined> {
  const throwaway = await lend(extensionsIn(described.statements));
  try {
    return await aside(throwaway, async (database) => {
      await database.query([...initial.clearing, ...statements].join('\n;\n'));
      return sideOf(database, context, { unmanaged: described.unmanaged, texts: 'settled' });
    });
  } catch (error) {
    if (isMigrateError(error)) throw error;
    return undefined;
  }
}

function extensionsIn(statements: readonly string[]): readonly string[] {
  return statements.map(commandOf).flatMap(({ command, name = [] }) => (command === 'CREATE EXTENSION' ? name : []));
}
