import type { DataSource, EntityMetadata } from 'typeorm';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { OwnText, OwnWords } from '../schema/own-words.js';
import { classify, commandOf } from '../sql/index.js';

/** The expressions as written in the entities, by the keys of their objects. */
export function readWords(dataSource: DataSource, statements: readonly string[], unnamed: string): OwnWords {
  const found = [
    ...dataSource.entityMetadatas.flatMap((metadata) => wordsOf(metadata, unnamed)),
    ...statements.flatMap((sql) => wordsOfView(sql, unnamed)),
  ];
  return new Map(found.map(([id, own]) => [keyOf(id), own]));
}

type Entry = readonly [id: ObjectId, own: OwnText];

function wordsOf(metadata: EntityMetadata, unnamed: string): readonly Entry[] {
  const { schema = unnamed, tableName } = metadata;
  const constraint = (name: string, text: string): Entry => [
    objectId('constraint', schema, name, tableName),
    { property: 'def', text },
  ];
  return [
    ...metadata.checks.map(({ name, expression }) => constraint(name, `CHECK (${expression})`)),
    ...metadata.exclusions
      .filter(({ deferrable }) => deferrable === undefined)
      .map(({ name, expression }) => constraint(name, `EXCLUDE ${expression}`)),
    ...metadata.indices.flatMap(({ name, where }): readonly Entry[] =>
      where ? [[objectId('index', schema, name), { property: 'where', text: where }]] : [],
    ),
    ...metadata.columns.flatMap(({ databaseName, asExpression }): readonly Entry[] =>
      asExpression
        ? [[objectId('column', schema, databaseName, tableName), { property: 'generatedExpr', text: asExpression }]]
        : [],
    ),
  ];
}

const kinds: Readonly<Record<string, string>> = {
  'CREATE VIEW': 'view',
  'CREATE MATERIALIZED VIEW': 'materializedView',
};

/** A query that is built by a function has no text but that of the statement. */
function wordsOfView(sql: string, unnamed: string): readonly Entry[] {
  // Most statements are long and make no view: their first words say so.
  const kind = kinds[commandOf(sql).command];
  if (kind === undefined) return [];
  const [statement] = classify(sql);
  const [name, schema = unnamed] = statement?.name?.toReversed() ?? [];
  const text = statement?.afterName.trim().replace(/^AS\s+/, '');
  return name === undefined || !text ? [] : [[objectId(kind, schema, name), { property: 'def', text }]];
}
