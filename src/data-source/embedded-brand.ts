import type { DataSource } from 'typeorm';

/**
 * Marks the driver of an embedded database. The symbol is in the global registry, because two copies of this package may be in one process.
 */
export const embeddedBrand = Symbol.for('nest-migrate.embedded');

/** The key of the function that removes the database of a driver. */
export const embeddedRemoval = Symbol.for('nest-migrate.embedded.removal');

/** The key of the function that returns the process which has the database open, if it is a different one. */
export const embeddedHost = Symbol.for('nest-migrate.embedded.host');

interface Driver {
  readonly [embeddedBrand]?: string;
  readonly [embeddedRemoval]?: () => Promise<'dropped' | 'absent'>;
  readonly [embeddedHost]?: () => number | undefined;
}

/** The folder of an embedded database; undefined for a server. */
export function embeddedDirOf(dataSource: DataSource): string | undefined {
  return driverOf(dataSource)?.[embeddedBrand];
}

/** Removes the folder of an embedded database, unless another process uses it. */
export async function removeEmbedded(dataSource: DataSource): Promise<'dropped' | 'absent'> {
  return (await driverOf(dataSource)?.[embeddedRemoval]?.()) ?? 'absent';
}

function driverOf({ options }: DataSource): Driver | undefined {
  return (options as { readonly driver?: Driver }).driver;
}

export function isEmbedded(dataSource: DataSource): boolean {
  return embeddedDirOf(dataSource) !== undefined;
}

/** The other process through which the embedded database is used. Known once a connection is open. */
export function embeddedHostOf(dataSource: DataSource): number | undefined {
  return driverOf(dataSource)?.[embeddedHost]?.();
}
