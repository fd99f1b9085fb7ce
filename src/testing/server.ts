import pg from 'pg';
import type { DataSource } from 'typeorm';
import { causeOf, checkAddress, parseAddress, placeOf, reasonOf, showAddress } from '../data-source/address.js';
import { showConnection } from '../data-source/describe.js';
import { isEmbedded } from '../data-source/embedded-brand.js';
import { connectionFromUrl } from '../data-source/url.js';
import type { Connection } from '../data-source/url.js';
import { quotedRole } from '../database/role.js';
import { codeOf, ExitCode, isMigrateError, MigrateError } from '../errors.js';
import { asOptions } from '../shadow/session-settings.js';
import type { SessionSettings } from '../shadow/session-settings.js';

/** A PostgreSQL server, given by the data source or an address. */
export interface Server {
  /** Its location, for messages. */
  readonly shown: string | undefined;
  /** The options with which TypeORM connects to a database on the server, in sessions that start with these settings. */
  connection(database: string, settings: SessionSettings): object;
  /** The same for `pg`; the database of the address, if none is given. */
  config(database?: string, settings?: SessionSettings): pg.ClientConfig;
  url(database: string): string | undefined;
}

interface Options extends Omit<Connection, 'ssl'> {
  readonly ssl?: pg.ClientConfig['ssl'];
  readonly replication?: { readonly master: Options };
}

export function serverOf(given: string | true, dataSource: DataSource): Server {
  if (given !== true) {
    checkAddress(given, 'The address of the test server');
    return serverAt(connectionFromUrl(given, 'server'), showAddress(given));
  }
  if (isEmbedded(dataSource)) throw noServer();
  const options = dataSource.options as Options;
  return serverAt(options.replication?.master ?? options, showConnection(dataSource));
}

function serverAt(options: Options, shown: string | undefined): Server {
  const { url, host, port, username, password, database, ssl } = options;
  const encrypted = ssl === undefined ? {} : { ssl };
  const stream = options.extra?.stream && { stream: options.extra.stream };
  const parts = { host, port, password, ...encrypted };
  const at = (name: string | undefined, settings: SessionSettings): string | undefined =>
    url && addressOf(url, name, settings);
  const extra = (settings: SessionSettings): object => ({
    ...stream,
    ...(settings.length > 0 && { options: asOptions(settings) }),
  });
  return {
    shown,
    connection: (name, settings) => {
      const address = at(name, settings);
      if (address !== undefined) return { url: address, ...encrypted, extra: { ...stream } };
      return { ...parts, username, database: name, extra: extra(settings) };
    },
    config: (name, settings = []) => {
      const address = at(name, settings);
      if (address !== undefined) return { connectionString: address, ...encrypted, ...stream };
      return { ...parts, user: username, database: name ?? database, ...extra(settings) };
    },
    url: (name) => at(name, []),
  };
}

function addressOf(url: string, database: string | undefined, settings: SessionSettings): string {
  const own = parseAddress(url);
  if (database !== undefined) own.pathname = `/${database}`;
  const options = `${own.searchParams.get('options') ?? ''} ${asOptions(settings)}`.trim();
  if (options !== '') own.searchParams.set('options', options);
  return own.href;
}

/** Provides a connection to the server, in any existing database. */
export async function onServer<T>(server: Server, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...server.config(), application_name: 'nest-migrate testing' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw isMigrateError(error) ? error : await failed(error, server, client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const denied = '42501';

async function failed(error: unknown, { shown }: Server, client: pg.Client): Promise<MigrateError> {
  return new MigrateError({
    code: 'TEST_DATABASE_FAILED',
    message: `No test database was created at ${placeOf(shown)}: ${reasonOf(error, shown)}.`,
    next:
      codeOf(error) === denied
        ? `Give the role CREATEDB: ALTER ROLE ${await quotedRole(client)} CREATEDB\nOr leave out \`server\`: then PostgreSQL runs in the process.`
        : 'Correct `server` of createTestDatabase, or leave it out: then PostgreSQL runs in the process.',
    cause: causeOf(error, shown),
  });
}

function noServer(): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message:
      'createTestDatabase was told to use the server of the data source (server: true), which has none: nothing sets DATABASE_URL.',
    next: "Set DATABASE_URL, name the server (server: 'postgres://user:password@host/database'), or leave `server` out: then PostgreSQL runs in the process.",
    exitCode: ExitCode.usage,
  });
}
