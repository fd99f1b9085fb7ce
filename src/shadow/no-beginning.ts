import { codeOf, messageOf } from '../errors.js';
import { importsOf } from '../content/imports.js';
import { tokensOf } from '../content/tokens.js';
import { onlyQueries } from '../files/only-queries.js';

/** The server's and TypeORM's errors for an object that migrations create, and that does not exist. */
const forms: readonly (readonly [code: string, pattern: RegExp])[] = [
  ['42P01', /^relation "(?:.+\.)?(.+)" does not exist$/],
  // As TypeORM names them: any other type is more likely misspelt.
  ['42704', /^type "(?:.+\.)?(.+_enum)" does not exist$/],
  ['42704', /^(?:constraint|index|trigger) "(.+?)"(?: (?:of|for) (?:relation|table) ".+")? does not exist$/],
  ['', /^Table "(?:.+\.)?(.+)" does not exist\.$/],
];

function missingName(error: unknown): string | undefined {
  for (const [code, pattern] of forms) {
    const name = code === (codeOf(error) ?? '') ? pattern.exec(messageOf(error))?.[1] : undefined;
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Whether the text of a file, or of the `up` of a class, names everything that is done, so that it does not create what it does not name. */
export function isSelfContained(text: string, kind: 'function' | 'file' | 'sql'): boolean {
  if (kind === 'sql') return true;
  const tokens = tokensOf(text);
  if (tokens === undefined) return false;
  return kind === 'function'
    ? onlyQueries(tokens)
    : importsOf(tokens).imports.every(({ specifier }) => specifier === 'typeorm');
}

/**
 * The next step if a migration expects something that no earlier migration names, so that none can have created it; undefined if that is not
 * the reason. Then the history continues a schema that was there before its first migration, unless the name is misspelt.
 */
export function noBeginning(error: unknown, earlier: readonly string[]): string | undefined {
  const name = missingName(error);
  if (name === undefined) return undefined;
  // With the flag u, only characters of the syntax may be escaped.
  const literal = name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  const word = new RegExp(String.raw`(?<![\w$])${literal}(?![\w$])`, 'iu');
  if (earlier.some((text) => word.test(text))) return undefined;
  return `No earlier migration names ${JSON.stringify(name)}. If the name is right, these migrations continue a schema that was there before the first one (made by synchronize, or loaded from a dump), so no new database can be made from them. The way out: nest-migrate help missing-beginning`;
}
