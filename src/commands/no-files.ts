import { fromHere } from '../data-source/describe.js';
import type { MigrationList } from '../files/migration.js';

/** With a mistyped pattern or a missing list, it would look as if nothing was pending. */
export function noFilesIn({ files, classes, patterns, unmatched }: MigrationList): readonly string[] {
  if (files.length + classes.length + patterns.length === 0)
    return ['The data source lists no migrations: its `migrations` is missing or empty.'];
  return unmatched.map(
    ({ pattern, folder }) => `No migration matches ${fromHere(pattern)} (looked in ${fromHere(folder)}).`,
  );
}
