import type { MigrateError } from '../errors.js';
import { checkAddress, checkUnambiguous, parseAddress } from './address.js';
import { encryptionFrom, encryptionFromEnvironment, invalid, tlsParameterNames } from './tls.js';
import type { Encryption } from './tls.js';

/** The part of TypeORM's Postgres options that says where the database is. */
export interface Connection extends Encryption {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly database?: string;
}

/** Checks a connection string and separates the encryption parameters from it, because `pg` interprets them differently from libpq. */
export function connectionFromUrl(url: string, name: string, env: NodeJS.ProcessEnv = process.env): Connection {
  checkAddress(url, name);
  const [address = '', query] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  refuseParameters(parameters, name);
  const isBound = bindChannel(parameters);
  if (!parameters.has('sslmode')) {
    const encryption = parameters.has('ssl') ? {} : encryptionFromEnvironment(env);
    return { url: isBound ? withParameters(address, parameters) : url, ...encryption };
  }
  const encryption = encryptionFrom(Object.fromEntries(parameters));
  for (const parameter of [...tlsParameterNames, 'uselibpqcompat']) parameters.delete(parameter);
  return { url: withParameters(address, parameters), ...encryption };
}

function withParameters(address: string, parameters: URLSearchParams): string {
  return parameters.size > 0 ? `${address}?${parameters.toString()}` : address;
}

/** `pg` ignores unknown parameters, but these select a database or its tables. */
function refuseParameters(parameters: URLSearchParams, name: string): void {
  if (parameters.has('service')) throw service(`service in ${name} names`);
  if (parameters.has('schema'))
    throw invalid(
      `${name} has the parameter schema, which Prisma reads, but PostgreSQL does not. Nothing was done.`,
      'Name the schema in the data source (schema: …), and remove it from the address.',
    );
}

export function service(what: string): MigrateError {
  return invalid(
    `${what} a service in a file of libpq (pg_service.conf), which is not read here. Nothing was done.`,
    'Give the address itself: DATABASE_URL, or PGHOST, PGUSER, PGPASSWORD and PGDATABASE.',
  );
}

/**
 * Translates `channel_binding` to the option of `pg`, which binds if the server supports it, like libpq's `prefer`. Returns true if
 * something was changed.
 */
function bindChannel(parameters: URLSearchParams): boolean {
  const binding = parameters.get('channel_binding');
  if (binding === null) return false;
  parameters.delete('channel_binding');
  if (binding !== 'disable') parameters.set('enableChannelBinding', 'true');
  return true;
}

/** The same connection as a configuration of `pg`. */
export function configFromUrl(url: string, name: string): object {
  const { url: connectionString, ssl, extra } = connectionFromUrl(url, name);
  return { connectionString, ...(ssl !== undefined && { ssl, stream: undefined }), ...extra };
}

/** The same connection in parts, so that other options can override some of them. */
export function inParts({ url = '', ...connection }: Connection): Connection {
  checkUnambiguous(url, 'The address that options are to win over');
  const { hostname, port, username, password, pathname, searchParams } = parseAddress(url);
  return {
    host: decodeURIComponent(hostname.replace(/^\[(.+)\]$/, '$1')) || 'localhost',
    port: Number(port || 5432),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { database: decodeURIComponent(pathname.slice(1)) }),
    ...connection,
    extra: { ...Object.fromEntries(searchParams), ...connection.extra },
  };
}
