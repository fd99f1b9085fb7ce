import type { DataSource } from 'typeorm';
import { showAddress } from './address.js';
import { showConnection } from './describe.js';
import { connectionFromUrl, inParts } from './url.js';

const variable = 'NEST_MIGRATE_DATABASE_URL';

interface Options {
  readonly extra?: object;
}

/**
 * Lets a data source that connects to DATABASE_URL connect to the address for migrations instead, which `defineDataSource` does by itself.
 * Returns whether it uses that address. Another data source of the project may be for another database, so its address stays.
 */
export function useAddressFor(dataSource: DataSource): 'used' | 'not used' | 'none is set' {
  const [address, general] = [process.env[variable]?.trim(), process.env['DATABASE_URL']?.trim()];
  if (!address) return 'none is set';
  const now = showConnection(dataSource);
  if (now === showAddress(address)) return 'used';
  if (!general || now !== showAddress(general)) return 'not used';
  const { extra, ...connection } = connectionFromUrl(address, variable);
  const own = Object.entries((dataSource.options as Options).extra ?? {}).filter(([name]) => !partsInExtra.has(name));
  Object.assign(dataSource.options, { ...nowhere, ...connection, extra: { ...Object.fromEntries(own), ...extra } });
  // TypeORM has read it from the options before.
  const driver = Object.getOwnPropertyDescriptor(dataSource, 'driver')?.value as { database?: string } | undefined;
  if (driver) Object.assign(driver, { database: inParts({ url: address }).database });
  return 'used';
}

const nowhere = { host: undefined, port: undefined, username: undefined, password: undefined, database: undefined };
/** `pg` prefers these to the address. */
const partsInExtra = new Set(['connectionString', 'host', 'port', 'user', 'password', 'database']);
