import type { DataSource, EntityMetadata } from 'typeorm';
import { dataSourceLike } from '../data-source/elsewhere.js';
import { loadInOrder } from '../files/load-in-order.js';
import { schemaOptionsOf } from './data-source-options.js';
import { initialSessionOf } from './initial-session.js';
import type { Configured } from './initial-session.js';
import { notSetUp } from './not-set-up.js';
import { leaveViewsWithoutExpression } from '../typeorm/schema-builder.js';
import { stubDriver } from '../typeorm/stub-driver.js';

const installed = new WeakMap<DataSource, readonly string[]>();

/** The data source with its entities, without a database: for everything that TypeORM knows by itself. */
export async function withEntities<T>(
  configured: Configured,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const { installExtensions = true, extensions = [] } = configured.dataSource.options as {
    readonly installExtensions?: boolean;
    readonly extensions?: readonly string[];
  };
  const statements: string[] = [];
  const driver = stubDriver({
    schema: initialSessionOf(configured).schema,
    extensions,
    onExtension: (sql) => void statements.push(sql),
  });
  await loadInOrder(configured.dataSource.options);
  const own = configured.dataSource;
  const dataSource = dataSourceLike(own, { ...schemaOptionsOf(own), installExtensions, driver });
  await dataSource.initialize().catch(async (error: unknown) => {
    throw await notSetUp(error, configured.dataSource);
  });
  installed.set(configured.dataSource, statements);
  inOneOrder(dataSource);
  leaveViewsWithoutExpression(dataSource);
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/**
 * The statements with which TypeORM itself installs extensions when it connects: this version of TypeORM, with these entities and
 * options.
 */
export async function extensionStatements(configured: Configured): Promise<readonly string[]> {
  if (!installed.has(configured.dataSource)) await withEntities(configured, () => Promise.resolve());
  return installed.get(configured.dataSource) ?? [];
}

/** TypeORM loads the files that its patterns match all at once, and keeps them in the order in which they arrive: another one each time. */
function inOneOrder({ entityMetadatas }: DataSource): void {
  const place = ({ tablePath, name }: EntityMetadata): string => `${tablePath} ${name}`;
  entityMetadatas.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}
