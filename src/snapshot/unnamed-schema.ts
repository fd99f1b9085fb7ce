import { listMigrations } from '../files/list-migrations.js';
import type { Listing } from '../files/migration.js';
import { fileNamesSchema, namesSchema } from '../shadow/names-schema.js';
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
  const named = await Promise.all(files.map(({ file }) => fileNamesSchema(file, unnamed)));
  const isNamed = named.includes(true) || classes.some((one) => namesSchema(String(one), unnamed, 'code'));
  return files.length + classes.length === 0 || isNamed ? undefined : unnamed;
}
