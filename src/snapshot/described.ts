import type { DataSource } from 'typeorm';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { OwnWords } from '../schema/own-words.js';
import { createEntities } from '../shadow/entities.js';
import type { Unsaid } from '../shadow/entities.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import { withEntities } from '../shadow/with-entities.js';
import { readWords } from './entity-words.js';
import { looseDefaults } from './loose-defaults.js';
import type { LooseDefaults } from './loose-defaults.js';
import { givenKeys } from './given-keys.js';
import { readHistory } from './history.js';
import type { History } from './history.js';
import { unmanagedTables } from './own-tables.js';
import { namesIn } from '../typeorm/options.js';
import type { Project } from './project.js';

/** The schema of the entities, as far as TypeORM knows it without a database. */
export interface Described extends Unsaid {
  /** The statements with which TypeORM creates them. */
  readonly statements: readonly string[];
  readonly history: History;
  /** The expressions as written in the entities, where PostgreSQL prints them differently. */
  readonly words: OwnWords;
  readonly loose: LooseDefaults;
  /** The schema that is left to the search path; undefined if the data source or an entity names it. */
  readonly unnamed: string | undefined;
  /** Tables with `synchronize: false`, which no snapshot contains. */
  readonly unmanaged: readonly ObjectId[];
  /** The name of a table's entity, by the key of the table. */
  readonly entityNames: ReadonlyMap<string, string>;
  /** The primary keys and unique constraints whose names the entities give, by key. */
  readonly givenKeys: ReadonlySet<string>;
}

/** Lets `check` read the entities first. */
export function describeEntities(project: Project, check: (entities: DataSource) => Promise<void>): Promise<Described> {
  const { schema } = initialSessionOf(project);
  return withEntities(project, async (entities) => {
    await check(entities);
    const statements: string[] = [];
    const { valueless, undeclared } = await createEntities(entities, (sql) => Promise.resolve(statements.push(sql)));
    return {
      statements,
      valueless: valueless.map((one) => ({ ...one, schema: one.schema ?? schema })),
      undeclared: undeclared.map((one) => ({ ...one, schema: one.schema ?? schema })),
      history: readHistory(entities, schema),
      loose: looseDefaults(entities, schema),
      words: readWords(entities, statements, schema),
      entityNames: new Map(
        entities.entityMetadatas.map((metadata) => [
          keyOf(objectId('table', metadata.schema || schema, metadata.tableName)),
          metadata.name,
        ]),
      ),
      givenKeys: givenKeys(entities, schema),
      unmanaged: unmanagedTables(entities, schema),
      unnamed: isNamed(entities, schema) ? undefined : schema,
    };
  });
}

/** The schema of the data source applies to all entities without their own. */
function isNamed(dataSource: DataSource, schema: string): boolean {
  if (namesIn(dataSource).schema !== undefined) return true;
  return dataSource.entityMetadatas.some((metadata) => metadata.schema === schema);
}
