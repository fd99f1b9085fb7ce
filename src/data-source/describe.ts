import type { DataSource } from 'typeorm';
import { embeddedDirOf } from './embedded-brand.js';

/** Where a data source connects to, for people: never with its password. */
export function describeConnection(dataSource: DataSource): string {
  const dir = embeddedDirOf(dataSource);
  if (dir !== undefined) return `the embedded database in ${dir}`;
  const options = dataSource.options as unknown as Readonly<Record<string, unknown>> & { readonly replication?: { readonly master: object } };
  const { url, host, port, username, database } = (options.replication?.master ?? options) as Readonly<Record<string, unknown>>;
  if (typeof url === 'string') return withoutPassword(url);
  const user = username === undefined ? '' : `${String(username)}@`;
  return `postgres://${user}${String(host ?? 'localhost')}:${String(port ?? 5432)}/${String(database ?? '')}`;
}

/** The same text with the password of every connection string in it hidden. */
export function withoutPassword(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s@/]*@/g, '$1:***@').replace(/([?&]password=)[^\s&]*/gi, '$1***');
}
