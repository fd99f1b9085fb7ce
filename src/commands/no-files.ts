import { fromHere } from '../data-source/describe.js';
import type { MigrationList } from '../files/migration.js';

/** With a mistyped pattern or a missing list, it would look as if nothing was pending. */
export function noFilesIn({ files, classes, patterns, unmatched }: MigrationList): readonly string[] {
  if (files.length + classes.length + patterns.length === 0)
    return ['The data source lists no migrations: its `migrations` is missing or empty.'];
  return unmatched.map(
    ({ pattern, folder }) =>
      `No migration matches ${fromHere(pattern)} (looked in ${fromHere(folder)}).${perhapsCompiled(pattern)}`,
  );
}

/** Only in production are patterns used as written, without looking for the other side of a compiled file. */
function perhapsCompiled(pattern: string): string {
  if (process.env['NODE_ENV'] !== 'production' || !pattern.endsWith('.ts')) return '';
  return ` It names only TypeScript files: if an image contains the compiled ones, use a pattern such as join(__dirname, 'migrations/*{.ts,.js}').`;
}
