import pg from 'pg';
import type { DataSource } from 'typeorm';
import { causeOf, encode, placeOf, reasonOf } from '../data-source/address.js';
import { checkConnection, showConnection } from '../data-source/describe.js';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import type { EventListener } from '../events.js';
import type { ResolvedSettings } from '../options.js';
import { poolOf } from '../typeorm/driver.js';
import { cancelled, pause } from './cancel.js';

/** What is needed of a connection of `pg`; a pool and a client both are one. */
export interface SqlClient {
  query(sql: string, parameters?: readonly unknown[]): Promise<SqlResult>;
}

/** Whether a transaction is open, as the server said last. Undefined where this version of `pg` does not tell. */
export function isTransactionOpen(client: SqlClient): boolean | undefined {
  const { getTransactionStatus } = client as { getTransactionStatus?(): string | null };
  const status = getTransactionStatus?.call(client);
  return status ? status !== 'I' : undefined;
}

export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

/** A connection of its own, which can be lost while nobody is asking. */
export interface OwnClient extends SqlClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
}

type ClientClass = new (config: object) => OwnClient;

export interface ConnectContext {
  readonly dataSource: DataSource;
  readonly settings: ResolvedSettings;
  readonly onEvent: EventListener;
  readonly signal: AbortSignal;
}

/**
 * Lends a connection for short questions: the pool of an initialised data source, or else a connection of its own, which may be used for
 * more.
 */
export async function withReader<T>(
  context: ConnectContext,
  work: (client: SqlClient, own?: OwnClient) => Promise<T>,
): Promise<T> {
  if (context.dataSource.isInitialized) return work(poolOf(context.dataSource) as SqlClient);
  return withClient(context, (client) => work(client, client));
}

/** Lends a connection of its own, opened as the data source would open it, and closes it afterwards. */
export async function withClient<T>(context: ConnectContext, work: (client: OwnClient) => Promise<T>): Promise<T> {
  const client = await connect(context);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Waits for a server that is still starting, as after `docker compose up`; anything else that is wrong is said at once. */
async function connect(context: ConnectContext): Promise<OwnClient> {
  const { timeoutMs, retryEveryMs } = context.settings.connect;
  checkConnection(context.dataSource);
  const shown = showConnection(context.dataSource);
  const deadline = Date.now() + timeoutMs;
  for (let attempt = 1; ; attempt++) {
    if (context.signal.aborted) throw cancelled(context.signal, 'Nothing was changed.');
    const client = new (clientOf(context.dataSource))(clientConfig(context.dataSource, timeoutMs));
    // Without a listener a lost idle connection would end the process; whoever uses the client notices at its next query.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      const left = deadline - Date.now();
      if (!isServerAbsent(error) || left <= 0) throw connectionError(error, context.dataSource, attempt);
      const retryInMs = Math.min(retryEveryMs, left);
      context.onEvent({ type: 'connecting', attempt, reason: reasonOf(error, shown), retryInMs });
      await pause(retryInMs, context.signal);
    }
  }
}

/** As TypeORM's driver takes it; asked for at the options, for which TypeORM need not be loaded. */
function clientOf({ options }: DataSource): ClientClass {
  const { driver } = options as { readonly driver?: { readonly Client: ClientClass } };
  return (driver ?? (pg as unknown as { readonly Client: ClientClass })).Client;
}

/** A host that swallows packets answers nothing at all; another attempt may reach another address. */
const longestAttemptMs = 10_000;

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
    ...options.extra,
  };
}

const absentCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  '57P03', // cannot_connect_now: starting up
  '53300', // too_many_connections
]);

export function isServerAbsent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isServerAbsent);
  if (codeOf(error) !== undefined) return absentCodes.has(codeOf(error) ?? '');
  return /timeout|terminated unexpectedly/i.test(messageOf(error));
}

const certificateCodes = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED/;

function aboutSsl(error: unknown): string | undefined {
  const message = messageOf(error);
  if (message.includes('does not support SSL'))
    return 'The data source asks for SSL, and this server has none: leave `ssl` out of its options, or sslmode out of DATABASE_URL, where the server is local. Nothing was changed.';
  if (certificateCodes.test(codeOf(error) ?? ''))
    return 'Name the certificate authority of the server: sslrootcert=<file> in DATABASE_URL, or `ssl: { ca }` in the data source. Nothing was changed.';
  return undefined;
}

/** Says what is wrong with a connection, without its password. */
export function connectionError(error: unknown, dataSource: DataSource, attempts = 1): MigrateError {
  if (isMigrateError(error)) return error;
  const shown = showConnection(dataSource);
  const where = placeOf(shown);
  const reason = reasonOf(error, shown);
  const cause = causeOf(error, shown);
  const code = codeOf(error);
  if (code === '28P01' || code === '28000') {
    return new MigrateError({
      code: 'AUTHENTICATION_FAILED',
      message: `Authentication failed at ${where}: ${reason}.`,
      next: /no encryption|SSL off/.test(reason)
        ? 'The server takes encrypted connections only: add sslmode=require to DATABASE_URL, or `ssl` to the data source. Nothing was changed.'
        : 'Correct the user and password in DATABASE_URL (or PGUSER and PGPASSWORD). Nothing was changed.',
      cause,
    });
  }
  if (code === '3D000') {
    return new MigrateError({
      code: 'DATABASE_MISSING',
      message: `The server at ${where} has no such database: ${reason}.`,
      next: 'Create it (`createdb <name>`), or correct its name in DATABASE_URL.',
      cause,
    });
  }
  const tried = attempts > 1 ? ` (tried ${attempts} times)` : '';
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `No connection to ${where}${tried}: ${reason || 'no answer'}.`,
    next:
      shown === undefined
        ? encode
        : (aboutSsl(error) ??
          'Start the server, or correct DATABASE_URL. To wait longer: --connect-timeout 2min, or `nest-migrate wait`. Nothing was changed.'),
    cause,
  });
}
