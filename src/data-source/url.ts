import { ExitCode, MigrateError } from '../errors.js';
import { withoutPassword } from './describe.js';
import { tlsFrom, tlsFromEnvironment, tlsParameterNames } from './tls.js';
import type { Tls } from './tls.js';

/** The part of TypeORM's Postgres options that says where the database is. */
export interface Connection {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly database?: string;
  readonly ssl?: Tls;
}

/** A connection string, checked, with what it says of encryption taken out: `pg` reads that differently from libpq. */
export function connectionFromUrl(url: string, name: string, env: NodeJS.ProcessEnv = process.env): Connection {
  check(url, name);
  const [address = '', query] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  if (!parameters.has('sslmode')) {
    const ssl = parameters.has('ssl') ? undefined : tlsFromEnvironment(env);
    return { url, ...(ssl !== undefined && { ssl }) };
  }
  const ssl = tlsFrom(Object.fromEntries(parameters));
  for (const parameter of [...tlsParameterNames, 'uselibpqcompat']) parameters.delete(parameter);
  return {
    url: parameters.size > 0 ? `${address}?${parameters.toString()}` : address,
    ...(ssl !== undefined && { ssl }),
  };
}

/** The same connection in parts, for options that are to win over parts of the address. */
export function inParts({ url = '', ...connection }: Connection): Connection & { readonly extra: object } {
  const { hostname, port, username, password, pathname, searchParams } = parse(url);
  return {
    host: decodeURIComponent(hostname.replace(/^\[(.+)\]$/, '$1')) || 'localhost',
    port: Number(port || 5432),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { database: decodeURIComponent(pathname.slice(1)) }),
    ...connection,
    extra: Object.fromEntries(searchParams),
  };
}

function check(url: string, name: string): void {
  if (!/^(postgres(ql)?|socket):|^\//i.test(url)) {
    const quoted = /^["']/.test(url) ? ' Remove the quotation marks around it.' : '';
    throw invalid(
      `${name} is not the address of a PostgreSQL database: ${withoutPassword(url)}`,
      `Write it as postgres://user:password@host:5432/database.${quoted}`,
    );
  }
  try {
    if (!url.startsWith('/')) parse(url);
  } catch {
    throw invalid(
      `${name} cannot be read as an address.`,
      'Percent-encode special characters in its user and password: @ is %40, : is %3A, / is %2F, # is %23, ? is %3F, % is %25, [ is %5B.',
    );
  }
}

function parse(url: string): URL {
  // A user without a host is an error in general, but not for PostgreSQL.
  const parsed = new URL(url.replace('@/', '@localhost/'));
  decodeURIComponent(parsed.username + parsed.password);
  return parsed;
}

function invalid(message: string, next: string): MigrateError {
  return new MigrateError({ code: 'DATA_SOURCE_INVALID', message, next, exitCode: ExitCode.usage });
}
