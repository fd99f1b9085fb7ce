import type { KnownMigration, LoadedMigration } from './migration.js';

/** Node keeps the sources of all modules that are being loaded in memory: ten thousand files at once took half as much memory again. */
const atOnce = 50;

/** Loads every file before the first migration runs, so that a file that cannot be loaded leaves the database unchanged. */
export async function loadAll(migrations: readonly KnownMigration[]): Promise<readonly LoadedMigration[]> {
  const loaded: LoadedMigration[] = [];
  for (let start = 0; start < migrations.length; start += atOnce) {
    const some = migrations.slice(start, start + atOnce);
    loaded.push(...(await Promise.all(some.map((migration) => migration.load()))));
  }
  return loaded;
}
