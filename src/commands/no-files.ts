import { fromHere } from '../data-source/describe.js';
import type { MigrationList } from '../files/migration.js';

/** A typing error in a pattern, or a list that is not there, would look like "nothing is pending". */
export function noFilesIn({ files, classes, patterns, unmatched }: MigrationList): readonly string[] {
  if (files.length + classes.length + patterns.length === 0)
    return ['The data source lists no migrations: its `migrations` is missing or empty.'];
  return unmatched.map(
    ({ pattern, folder }) => `No migration matches ${fromHere(pattern)} (looked in ${fromHere(folder)}).`,
  );
}
