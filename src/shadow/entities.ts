import type { DataSource } from 'typeorm';

/** Placeholder while it is being written elsewhere. */
export async function createEntities(
  dataSource: DataSource,
  execute: (sql: string) => Promise<unknown>,
): Promise<void> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  for (const { query } of upQueries) await execute(query.replace('CONCURRENTLY', ''));
}
