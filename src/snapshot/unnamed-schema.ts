import { readFile } from 'node:fs/promises';
import { listMigrations } from '../files/list-migrations.js';
import type { Listing } from '../files/migration.js';
import type { Described } from './described.js';

/**
 * The schema that new migrations leave to the search path, as the entities and the migrations so far do. The search path may belong to the
 * role alone, of which only the texts of migrations tell: where there are none, or one names the schema public, it is named.
 */
export async function unnamedSchema(
  { unnamed }: Pick<Described, 'unnamed'>,
  project: Listing,
): Promise<string | undefined> {
  if (unnamed !== 'public') return unnamed;
  const { files, classes } = await listMigrations(project);
  const texts = [...(await Promise.all(files.map(({ file }) => readFile(file, 'utf8')))), ...classes.map(String)];
  return texts.length === 0 || texts.some((text) => namesSchema(text, unnamed)) ? undefined : unnamed;
}

/** Matches `public` in a statement: the TypeScript keyword is not followed by a dot. */
export function namesSchema(text: string, schema: string): boolean {
  return [`${schema}.`, `${schema}".`, `${schema}\\".`].some((name) => text.includes(name));
}
