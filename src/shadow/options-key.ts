import type { DataSource } from 'typeorm';

/** Options that affect neither the query runner nor migrations: connections, entities, logs. */
const without = new Set([
  'url',
  'host',
  'port',
  'username',
  'password',
  'database',
  'ssl',
  'extra',
  'replication',
  'driver',
  'nativeDriver',
  'entities',
  'migrations',
  'subscribers',
  'namingStrategy',
  'logger',
  'logging',
  'logNotifications',
  'maxQueryExecutionTime',
  'cache',
  'poolSize',
  'poolErrorHandler',
  'applicationName',
  'connectTimeoutMS',
  'name',
  'synchronize',
  'dropSchema',
  'migrationsRun',
]);

/** The data source options that could affect a migration, as a string. */
export function optionsKey({ options }: Pick<DataSource, 'options'>): string {
  const known = Object.entries(options).filter(([name]) => !without.has(name));
  return JSON.stringify(known.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
