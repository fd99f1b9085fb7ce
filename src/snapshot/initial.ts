import { sqlName } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { belongsTo } from '../schema/narrow.js';
import { readSchema } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import type { SchemaCache } from '../shadow/cache.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import { initialStateOf } from '../shadow/initial-state.js';
import type { InitialState } from '../shadow/initial-state.js';
import { metadataTableOf } from '../shadow/typeorm-metadata.js';
import { classify } from '../sql/index.js';
import type { Project } from './project.js';
import type { Shadow } from '../shadow/shadow.js';
import { ownTables } from './own-tables.js';
import { restored, storedOf } from './snapshot.js';
import type { StoredSnapshot } from './snapshot.js';

/** The objects of the initial state, compared with the entities. */
export interface Initial {
  readonly schema: Schema;
  /** Whether the entities also describe it. */
  readonly isDescribed: (id: ObjectId) => boolean;
  /** The statements that drop objects before the entities create them. */
  readonly clearing: readonly string[];
}

interface Asked {
  readonly shadow: Shadow;
  readonly cache: SchemaCache;
  /** The statements with which TypeORM creates the entities. */
  readonly statements: readonly string[];
  readonly unmanaged: readonly ObjectId[];
}

export async function initialOf(project: Project, { shadow, cache, statements, unmanaged }: Asked): Promise<Initial> {
  const ignoreTables = [...ownTables(project), ...unmanaged];
  const read = async (): Promise<Schema> => readSchema(await shadow.database([]), { ignoreTables, texts: 'settled' });
  const state = await initialStateOf(project);
  const schema = await initialSchema(state, read, cache);
  const created = new Set(statements.flatMap(createdBy));
  const { schema: unnamed } = initialSessionOf(project);
  const isDescribed = (id: ObjectId): boolean => {
    const { schema: place, name = '' } = belongsTo(id, schema);
    return created.has(keyOfName([place ?? '', name])) || (place === unnamed && created.has(keyOfName([name])));
  };
  const inTheWay = schema.objects.flatMap(({ id }) => {
    const kind = droppable[id.kind];
    return kind !== undefined && isDescribed(id) ? [`DROP ${kind} IF EXISTS ${sqlName(id)} CASCADE`] : [];
  });
  const mayHoldTables = state.statements.some(({ from }) => from === 'setting');
  const clearing = mayHoldTables ? [...inTheWay, `DROP TABLE IF EXISTS ${metadataTableOf(project.dataSource)}`] : [];
  return { schema, isDescribed, clearing };
}

/** As it is read: the same each time. */
export async function initialSchema(
  { key }: InitialState,
  read: () => Promise<Schema>,
  cache: SchemaCache,
): Promise<Schema> {
  const known = await cache.get<StoredSnapshot>(`initial ${key}`);
  if (known) return restored(known).schema;
  const schema = await read();
  await cache.set(`initial ${key}`, storedOf({ schema, metadata: [], origins: new Map() }));
  return schema;
}

/** The relation or type that a statement creates. */
function createdBy(sql: string): readonly string[] {
  return classify(sql).flatMap(({ command, name }) => (creating.has(command) && name ? [keyOfName(name)] : []));
}

function keyOfName(name: readonly string[]): string {
  return JSON.stringify(name);
}

const creating = new Set(['CREATE TABLE', 'CREATE TYPE', 'CREATE VIEW', 'CREATE MATERIALIZED VIEW']);
const droppable: Readonly<Record<string, string>> = {
  table: 'TABLE',
  view: 'VIEW',
  materializedView: 'MATERIALIZED VIEW',
  type: 'TYPE',
};
