import { readFile } from 'node:fs/promises';
import { tokensOf } from '../content/tokens.js';
import { sqlTokens } from '../sql/index.js';

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
