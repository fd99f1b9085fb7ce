import pg from 'pg';
import type { DataSource } from 'typeorm';
import { checkAddress, showAddress } from '../data-source/address.js';
import { checkConnection, showConnection } from '../data-source/describe.js';
import { configFromUrl } from '../data-source/url.js';
import type { ConnectContext, OwnClient } from './sql-client.js';

type ClientClass = new (config: object) => OwnClient;

/** A host that swallows packets answers nothing at all; another attempt may reach another address. */
const longestAttemptMs = 10_000;

type Where = Pick<ConnectContext, 'dataSource' | 'settings' | 'database'>;

/** A client that is not connected yet; it connects as the data source would, or to the address of the setting `directUrl`. */
export function newClient({ dataSource, settings, database }: Where, timeoutMs: number): OwnClient {
  const config = { ...clientConfig(dataSource, timeoutMs), ...directly(settings.directUrl) };
  const client = new (clientOf(dataSource))(config);
  // Without a listener a lost idle connection would end the process; the next query on it fails.
  client.on('error', () => undefined);
  // An address names its database in several ways, and wins over the parts; this is where the driver has put it together.
  if (database !== undefined)
    Object.assign((client as { readonly connectionParameters?: object }).connectionParameters ?? {}, { database });
  return client;
}

const setting = 'The setting `directUrl`';

/** Refuses an address before the driver reads it in its own way, and repeats parts of it. */
export function checkPlace({ dataSource, settings }: Where): void {
  if (settings.directUrl === undefined) checkConnection(dataSource);
  else checkAddress(settings.directUrl, setting);
}

/** Where we connect to, without a password; undefined where that cannot be read for certain. */
export function showPlace({ dataSource, settings }: Where): string | undefined {
  return settings.directUrl === undefined ? showConnection(dataSource) : showAddress(settings.directUrl);
}

/** What the address does not say, such as encryption, is as in the data source. */
function directly(directUrl: string | undefined): object {
  if (directUrl === undefined) return {};
  return configFromUrl(directUrl, setting);
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
