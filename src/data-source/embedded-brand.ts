import type { DataSource } from 'typeorm';

/** Marks the driver of an embedded database; a symbol of the registry, since two copies of this package may meet in one process. */
export const embeddedBrand = Symbol.for('nest-migrate.embedded');

/** The folder of an embedded database; undefined for a server. */
export function embeddedDirOf(dataSource: DataSource): string | undefined {
  const { driver } = dataSource.options as { readonly driver?: { readonly [embeddedBrand]?: string } };
  return driver?.[embeddedBrand];
}

export function isEmbedded(dataSource: DataSource): boolean {
  return embeddedDirOf(dataSource) !== undefined;
}
