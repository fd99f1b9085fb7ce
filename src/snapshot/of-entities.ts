import { isMigrateError } from '../errors.js';
import { prepareToCompare } from '../schema/compare.js';
import { graft } from '../schema/graft.js';
import { keyOf, sqlName } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { hashOf } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import { createEntities } from '../shadow/entities.js';
import { entityChanges } from '../shadow/entity-changes.js';
import type { EntityChanges } from '../shadow/entity-changes.js';
import { initialStateOf } from '../shadow/initial-state.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import { withShadow } from '../shadow/shadow.js';
import type { Shadow } from '../shadow/shadow.js';
import { withEntities } from '../shadow/with-entities.js';
import { commandOf, quoteName } from '../sql/index.js';
import type { Described } from './described.js';
import type { Initial } from './initial.js';
import { ownTables } from './own-tables.js';
import type { Project } from './project.js';
import { restored, storedOf, take } from './snapshot.js';
import type { Snapshot, StoredSnapshot } from './snapshot.js';

export interface Making {
  readonly project: Project;
  readonly described: Described;
  readonly initial: Initial;
  readonly shadow: Shadow;
  /** Where the shadow is. */
  readonly url: string | undefined;
  readonly cache: SchemaCache;
}

/**
 * What the entities describe, made beside the initial state and read from the catalog: as it was read before, where the statements are the
 * same; where a few tables have changed, only those are made.
 */
export async function ofEntities(making: Making): Promise<Snapshot> {
  const { cache, project, described } = making;
  const { statements } = described;
  const beside = [(await initialStateOf(project)).key, ...ownTables(project).map(keyOf)];
  const key = `entities ${hashOf([...beside, ...statements])}`;
  const latest = `latest ${hashOf([process.cwd(), ...beside])}`;
  const known = await restoredFrom(cache, key);
  if (known) return known;
  const last = await cache.get<{ readonly key: string; readonly statements: readonly string[] }>(latest);
  const changes = last && entityChanges(last.statements, statements);
  const made = (changes && (await grafted(last.key, changes, making))) ?? (await whole(making));
  await cache.set(key, storedOf(made));
  await cache.set(latest, { key, statements });
  return made;
}

async function whole(making: Making): Promise<Snapshot> {
  return (await madeAside(making.described.statements, making)) ?? explained(making);
}

/** One by one, which takes longer: with its errors explained, and what others have made where something refers to it. */
async function explained({ project, described, url, initial, shadow: first }: Making): Promise<Snapshot> {
  await first.makeRoom();
  return withEntities(project, (entities) =>
    withShadow({ url, initial: () => initialStateOf(project) }, async (shadow) => {
      const database = await shadow.database(extensionsIn(described.statements));
      for (const sql of initial.clearing) await database.query(sql);
      await createEntities(entities, (sql) => database.query(sql));
      return take(database, project, { unmanaged: described.unmanaged, texts: 'settled' });
    }),
  );
}

/** Only what has changed since `before` is made; undefined where that is not known any more. */
async function grafted(before: string, changes: EntityChanges, making: Making): Promise<Snapshot | undefined> {
  // The one is work for the database; meanwhile this thread does the other.
  const [part, known] = await Promise.all([
    madeAside(changes.statements, making),
    restoredFrom(making.cache, before),
    prepareToCompare(),
  ]);
  if (part === undefined || known === undefined) return undefined;
  const { schema: unnamed } = initialSessionOf(making.project);
  const isChanged = (id: ObjectId): boolean => {
    // TypeORM leaves the schema out only where it is the default one.
    const names = [sqlName(id), ...(id.schema === unnamed ? [quoteName(id.name ?? '')] : [])];
    if (id.kind === 'type') return names.some((name) => changes.types.has(name));
    return id.kind === 'table' && names.some((name) => changes.tables.has(name));
  };
  return { ...known, schema: graft(known.schema, part.schema, isChanged) };
}

async function restoredFrom(cache: SchemaCache, key: string): Promise<Snapshot | undefined> {
  const stored = await cache.get<StoredSnapshot>(key);
  return stored && restored(stored);
}

/** All at once, read, and taken back; undefined when something is wrong with it. */
async function madeAside(
  statements: readonly string[],
  { project, described, shadow, initial }: Making,
): Promise<Snapshot | undefined> {
  try {
    return await shadow.aside(extensionsIn(described.statements), async (database) => {
      await database.query([...initial.clearing, ...statements].join('\n;\n'));
      return take(database, project, { unmanaged: described.unmanaged, texts: 'settled' });
    });
  } catch (error) {
    if (isMigrateError(error)) throw error;
    return undefined;
  }
}

function extensionsIn(statements: readonly string[]): readonly string[] {
  return statements.map(commandOf).flatMap(({ command, name = [] }) => (command === 'CREATE EXTENSION' ? name : []));
}
