import pg from 'pg';
import type { DataSource } from 'typeorm';
import { checkAddress, showAddress } from '../data-source/address.js';
import { checkConnection, showConnection } from '../data-source/describe.js';
import { configFromUrl } from '../data-source/url.js';
import type { Encryption } from './connection-error.js';
import type { ConnectContext, OwnClient } from './sql-client.js';

type ClientClass = new (config: object) => OwnClient;

/** If packets are dropped, a host never answers, and another attempt may reach another address. */
const longestAttemptMs = 10_000;

type Where = Pick<ConnectContext, 'dataSource' | 'settings' | 'database'>;

/** A client that is not connected yet. It connects as the data source would, or to the address of the setting `directUrl`. */
export function newClient({ dataSource, settings, database }: Where, timeoutMs: number): OwnClient {
  const config = { ...clientConfig(dataSource, timeoutMs), ...directly(settings.directUrl) };
  const client = new (clientOf(dataSource))(config);
  // Without a listener, losing an idle connection would end the process. The next query on it fails.
  client.on('error', () => undefined);
  // An address can name its database in several ways and wins over the parts, so the merged parameters of the driver are changed.
  if (database !== undefined)
    Object.assign((client as { readonly connectionParameters?: object }).connectionParameters ?? {}, { database });
  return client;
}

/** A stream of our own tries encryption first, as sslmode=prefer does. */
export function encryptionOf({ dataSource, settings }: Where): Encryption {
  const config: { readonly stream?: unknown } = { ...clientConfig(dataSource, 0), ...directly(settings.directUrl) };
  return config.stream === undefined ? 'not tried' : 'tried';
}

const setting = 'The setting `directUrl`';

/** Refuses an invalid address before the driver misreads it and repeats parts of it in an error. */
export function checkPlace({ dataSource, settings }: Where): void {
  if (settings.directUrl === undefined) checkConnection(dataSource);
  else checkAddress(settings.directUrl, setting);
}

/** The address without a password; undefined if it cannot be read reliably. */
export function showPlace({ dataSource, settings }: Where): string | undefined {
  return settings.directUrl === undefined ? showConnection(dataSource) : showAddress(settings.directUrl);
}

/** Settings that the address leaves open, such as encryption, are taken from the data source. */
function directly(directUrl: string | undefined): object {
  if (directUrl === undefined) return {};
  return configFromUrl(directUrl, setting);
}

/** The client class that TypeORM's driver uses, found through the options so that TypeORM need not be loaded. */
function clientOf({ options }: DataSource): ClientClass {
  const { driver } = options as { readonly driver?: { readonly Client: ClientClass } };
  return (driver ?? (pg as unknown as { readonly Client: ClientClass })).Client;
}

/** The configuration that TypeORM's driver passes to its pool. */
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
