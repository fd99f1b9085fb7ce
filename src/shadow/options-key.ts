import type { DataSource } from 'typeorm';

/** What decides neither what the query runner does nor what a migration is told: connections, entities, logs. */
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

/** The options of a data source that a migration could be about, as a text. */
export function optionsKey({ options }: Pick<DataSource, 'options'>): string {
  const known = Object.entries(options).filter(([name]) => !without.has(name));
  return JSON.stringify(known.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
