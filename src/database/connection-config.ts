import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { OwnClient } from './sql-client.js';

type ClientClass = new (config: object) => OwnClient;

/** A host that swallows packets answers nothing at all; another attempt may reach another address. */
const longestAttemptMs = 10_000;

/** A client that is not connected yet; it connects as the data source would. */
export function newClient(dataSource: DataSource, timeoutMs: number): OwnClient {
  const client = new (clientOf(dataSource))(clientConfig(dataSource, timeoutMs));
  // Without a listener a lost idle connection would end the process; the next query on it fails.
  client.on('error', () => undefined);
  return client;
}

/** As TypeORM's driver takes it; asked for at the options, for which TypeORM need not be loaded. */
function clientOf({ options }: DataSource): ClientClass {
  const { driver } = options as { readonly driver?: { readonly Client: ClientClass } };
  return (driver ?? (pg as unknown as { readonly Client: ClientClass })).Client;
}

/** The same configuration that TypeORM's driver hands to its pool. */
function clientConfig(dataSource: DataSource, timeoutMs: number): object {
  const options = dataSource.options as unknown as Readonly<Record<string, unknown>> & {
    readonly replication?: { readonly master: Readonly<Record<string, unknown>> };
    readonly extra?: object;
  };
  const credentials = options.replication?.master ?? options;
  return {
    connectionString: credentials['url'],
    host: credentials['host'],
    port: credentials['port'],
    user: credentials['username'],
    password: credentials['password'],
    database: credentials['database'],
    ssl: credentials['ssl'],
    connectionTimeoutMillis: options['connectTimeoutMS'] ?? Math.min(timeoutMs || longestAttemptMs, longestAttemptMs),
    application_name: options['applicationName'] ?? 'nest-migrate',
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    ...options.extra,
  };
}
