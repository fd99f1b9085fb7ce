import type { DataSource, EntityMetadata } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import { anotherShadow, shadowFlag } from './another-shadow.js';
import { managed } from './entity-names.js';
import type { Which } from '../typeorm/schema-builder.js';
import { extensionOfType, extensionsCalledIn } from '../schema/extension-of.js';
import { quoteName } from '../sql/index.js';

interface Need {
  readonly extension: string;
  readonly because: string;
}

/** TypeORM would create most of them when it connects, and only warn of a failure; the data source is made without that. */
export async function createExtensions(
  dataSource: DataSource,
  execute: (sql: string) => Promise<unknown>,
  which: Which,
): Promise<void> {
  const needs = new Map<string, Need>();
  const entities = managed(dataSource, which);
  for (const need of [
    ...(which === 'managed' ? demanded(dataSource) : []),
    ...entities.flatMap((one) => needsOf(one, dataSource)),
  ])
    if (!needs.has(need.extension)) needs.set(need.extension, need);
  for (const need of needs.values())
    await execute(`CREATE EXTENSION IF NOT EXISTS ${quoteName(need.extension)} CASCADE`).catch((error: unknown) => {
      throw unavailable(need, error);
    });
}

function demanded(dataSource: DataSource): readonly Need[] {
  const { extensions = [] } = dataSource.options as { readonly extensions?: readonly string[] };
  return extensions.map((extension) => ({ extension, because: 'the option `extensions` of the data source names it' }));
}

function needsOf(metadata: EntityMetadata, dataSource: DataSource): readonly Need[] {
  const { uuidExtension = 'uuid-ossp' } = dataSource.options as { readonly uuidExtension?: string };
  const needs: Need[] = [];
  for (const column of metadata.columns) {
    const extension = typeof column.type === 'string' ? extensionOfType(column.type) : undefined;
    const because = `${metadata.name}.${column.propertyPath} has the type ${String(column.type)}`;
    if (extension !== undefined) needs.push({ extension, because });
    if (column.isGenerated && column.generationStrategy === 'uuid')
      needs.push({ extension: uuidExtension, because: `${metadata.name}.${column.propertyPath} is a generated uuid` });
  }
  if (metadata.exclusions.length > 0)
    needs.push({ extension: 'btree_gist', because: `${metadata.name} has an exclusion constraint` });
  for (const { extension, call } of expressionsOf(metadata, dataSource).flatMap(extensionsCalledIn))
    needs.push({ extension, because: `${metadata.name} calls ${call}` });
  return needs;
}

/** All SQL in an entity. */
function expressionsOf(metadata: EntityMetadata, dataSource: DataSource): readonly string[] {
  const { expression } = metadata;
  return [
    ...metadata.columns.map((column) => textOf(column.default)),
    ...metadata.columns.map(({ asExpression }) => asExpression ?? ''),
    ...metadata.checks.map((check) => check.expression),
    ...metadata.exclusions.map((exclusion) => exclusion.expression),
    ...metadata.indices.map(({ where }) => where ?? ''),
    typeof expression === 'function' ? expression(dataSource).getQuery() : (expression ?? ''),
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'function' ? String((value as () => unknown)()) : '';
}

function unavailable({ extension, because }: Need, error: unknown): MigrateError {
  return new MigrateError({
    code: 'SHADOW_EXTENSION',
    message: `The entities need the extension ${extension} (${because}), which the shadow does not have: ${messageOf(error)}`,
    next: anotherShadow(error) ?? `Use a server that has ${extension} for the shadow: ${shadowFlag}`,
    cause: error,
  });
}
