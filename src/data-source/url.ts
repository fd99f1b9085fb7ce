import { checkAddress, checkUnambiguous, parseAddress } from './address.js';
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
  checkAddress(url, name);
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
  checkUnambiguous(url, 'The address that options are to win over');
  const { hostname, port, username, password, pathname, searchParams } = parseAddress(url);
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
