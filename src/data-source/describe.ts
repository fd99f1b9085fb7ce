import { relative } from 'node:path';
import type { DataSource } from 'typeorm';
import { checkAddress, placeOf, showAddress, showMistyped, showParts } from './address.js';
import type { Parts } from './address.js';
import { embeddedDirOf } from './embedded-brand.js';

interface Credentials extends Parts {
  readonly url?: string | undefined;
}

/** The server that a data source connects to, for messages: never with its password. */
export function describeConnection(dataSource: DataSource): string {
  return placeOf(showConnection(dataSource));
}

/** The same; undefined if its address cannot be read reliably. */
export function showConnection(dataSource: DataSource): string | undefined {
  const dir = embeddedDirOf(dataSource);
  if (dir !== undefined) return `the embedded database in ${fromHere(dir)}`;
  const credentials = credentialsOf(dataSource);
  if (credentials.url !== undefined) return showAddress(credentials.url);
  return showParts(credentials) ?? showMistyped(credentials);
}

/** The configuration of a client of `pg` for the same server and database. */
export function addressOf(dataSource: DataSource): object {
  const { url: connectionString, username: user, ...parts } = credentialsOf(dataSource);
  return { connectionString, user, ...parts };
}

/** Refuses an invalid address before the driver misreads it and repeats parts of it in an error. */
export function checkConnection(dataSource: DataSource): void {
  const { url } = credentialsOf(dataSource);
  if (url !== undefined && embeddedDirOf(dataSource) === undefined) checkAddress(url, 'The `url` of the data source');
}

/** The address or the parts that the driver connects with. */
function credentialsOf({ options }: DataSource): Credentials {
  const { replication, extra, ...own } = options as unknown as Credentials & {
    readonly replication?: { readonly master: Credentials };
    readonly extra?: Parts & { readonly connectionString?: string; readonly user?: string };
  };
  const { connectionString: url, user: username, ...parts } = extra ?? {};
  // Empty options are ignored, as in `url: process.env.DATABASE_URL` when the parts are used.
  const given = { ...(replication?.master ?? own), ...withoutEmpty({ url, username, ...parts }) };
  return withoutEmpty(given);
}

function withoutEmpty(credentials: Credentials): Credentials {
  return Object.fromEntries(
    // As the driver does, which also ignores the NaN of an unset variable.
    Object.entries(credentials).filter(([, value]) => ![undefined, null, '', Number.NaN].includes(value)),
  );
}

/** A path as a user would type it in the working directory. */
export function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}
