/** A data source of whatever copy of TypeORM the app has. */
export interface Connectable {
  readonly options: object;
  buildMetadatas(): Promise<void>;
}

/** Repositories are injected all over an app, and they need to know their entity. Migrations and subscribers need not be loaded for that. */
export async function learnEntities(dataSource: Connectable): Promise<void> {
  const { migrations, subscribers } = dataSource.options as { migrations?: unknown; subscribers?: unknown };
  Object.assign(dataSource.options, { migrations: [], subscribers: [] });
  try {
    await dataSource.buildMetadatas();
  } finally {
    Object.assign(dataSource.options, { migrations, subscribers });
  }
}
