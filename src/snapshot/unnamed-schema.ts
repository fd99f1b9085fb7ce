import { readFile } from 'node:fs/promises';
import { tokensOf } from '../content/tokens.js';
import { listMigrations } from '../files/list-migrations.js';
import type { Listing } from '../files/migration.js';
import { sqlTokens } from '../sql/index.js';
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

/** Whether a migration names the schema. */
export async function fileNamesSchema(file: string, schema: string): Promise<boolean> {
  return namesSchema(await readFile(file, 'utf8'), schema, file.endsWith('.sql') ? 'sql' : 'code');
}

/** The keyword `public` of TypeScript is not followed by a dot; but in a comment, anything may be. */
export function namesSchema(text: string, schema: string, kind: 'sql' | 'code'): boolean {
  const isIn = (part: string): boolean =>
    [`${schema}.`, `${schema}".`, `${schema}\\".`].some((name) => part.includes(name));
  return isIn(text) && isIn(kind === 'sql' ? withoutComments(text) : stringsIn(text));
}

function withoutComments(sql: string): string {
  return Array.from(sqlTokens(sql), ({ kind, text }) => (kind === 'comment' ? ' ' : text)).join('');
}

/** All of it if the tokens are ambiguous. A statement may begin with a comment. */
function stringsIn(code: string): string {
  const strings = tokensOf(code)?.filter(({ kind }) => kind === 'string' || kind === 'template');
  return strings?.map(({ text }) => withoutComments(text)).join('\n') ?? code;
}
