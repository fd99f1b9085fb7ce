import type { KnownMigration, LoadedMigration } from './migration.js';

/** Node holds the sources of all modules that are being loaded at once: with ten thousand files, that took half as much memory again. */
const atOnce = 50;

/** Loads the files of all of them before the first one runs, so that a file that cannot be loaded leaves the database as it was. */
export async function loadAll(migrations: readonly KnownMigration[]): Promise<readonly LoadedMigration[]> {
  const loaded: LoadedMigration[] = [];
  for (let start = 0; start < migrations.length; start += atOnce) {
    const some = migrations.slice(start, start + atOnce);
    loaded.push(...(await Promise.all(some.map((migration) => migration.load()))));
  }
  return loaded;
}
