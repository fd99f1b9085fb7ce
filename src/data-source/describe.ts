import { relative } from 'node:path';
import type { DataSource } from 'typeorm';
import { embeddedDirOf } from './embedded-brand.js';

interface Address {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: unknown;
  readonly database?: string;
}

/** Where a data source connects to, for people: never with its password. */
export function describeConnection(dataSource: DataSource): string {
  const dir = embeddedDirOf(dataSource);
  if (dir !== undefined) return `the embedded database in ${fromHere(dir)}`;
  const options = dataSource.options as unknown as Address & { readonly replication?: { readonly master: Address } };
  const {
    url,
    host = 'localhost',
    port = 5432,
    username,
    password,
    database = '',
  } = options.replication?.master ?? options;
  if (url !== undefined) return withoutPassword(url);
  const user = username === undefined ? '' : `${username}${password === undefined ? '' : ':***'}@`;
  return `postgres://${user}${host}:${port}/${database}`;
}

/** A path as somebody in this folder would type it. */
export function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/**
 * The same text with every password hidden: in connection strings, also in those whose password should have been encoded, and
 * in `password=…` or `password: '…'`.
 */
export function withoutPassword(text: string): string {
  return text
    .replace(/(\b[a-z][a-z+]*:\/\/[^\s:@/]*):\S*@/gi, '$1:***@')
    .replace(/(password["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;}]+)/gi, '$1***');
}
