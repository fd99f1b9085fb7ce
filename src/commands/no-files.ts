import { readdirSync } from 'node:fs';
import { fromHere } from '../data-source/describe.js';
import type { MigrationList } from '../files/migration.js';
import { expectedName } from '../files/name.js';

/** With a mistyped pattern or a missing list, it would look as if nothing was pending. */
export function noFilesIn({ files, classes, patterns, unmatched }: MigrationList): readonly string[] {
  if (files.length + classes.length + patterns.length === 0)
    return ['The data source lists no migrations: its `migrations` is missing or empty.'];
  return unmatched.map(
    ({ pattern, folder }) =>
      `No migration matches ${fromHere(pattern)} (looked in ${fromHere(folder)}).${perhapsCompiled(pattern)}${perhapsSources(pattern, folder)}`,
  );
}

/** Only in production are patterns used as written, without looking for the other side of a compiled file. */
function perhapsCompiled(pattern: string): string {
  if (process.env['NODE_ENV'] !== 'production' || !pattern.endsWith('.ts')) return '';
  return ` It names only TypeScript files: if an image contains the compiled ones, use a pattern such as join(__dirname, 'migrations/*{.ts,.js}').`;
}

/** A pattern for compiled files only, such as `*.js`, where the app is loaded from its sources. */
function perhapsSources(pattern: string, folder: string): string {
  if (process.env['NODE_ENV'] === 'production' || !/\.[cm]?js$/.test(pattern)) return '';
  const sources = namesIn(folder).filter((name) => /\.[cm]?ts$/.test(name) && expectedName(name) !== undefined);
  return sources.length === 0
    ? ''
    : ` It names only JavaScript files, and that folder contains TypeScript files, such as ${sources[0] ?? ''}: let the pattern end in {.ts,.js}.`;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
