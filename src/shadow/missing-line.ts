import { codeOf, messageOf } from '../errors.js';
import { extensionOfType, extensionsCalledIn } from '../schema/extension-of.js';
import { missingRole } from './missing-roles.js';
import { quoteName } from '../sql/index.js';

type Line = (...found: readonly string[]) => string | undefined;

/** The server's error for a missing object, and the statement that creates it. */
const forms: readonly (readonly [codes: readonly string[], pattern: RegExp, line: Line])[] = [
  [['3F000'], /^schema "(.+)" does not exist$/, (name = '') => `CREATE SCHEMA ${quoteName(name)}`],
  [
    ['42883'],
    /^function (?:(.+)\.)?"?(\w+)"?\(/,
    (schema, name = '') =>
      ofExtension(extensionsCalledIn(`${name}(`)[0]?.extension, schema) ??
      `CREATE FUNCTION ${schema ? `${schema}.` : ''}${name} …`,
  ],
  [
    ['42704'],
    /^type "(?:(.+)\.)?(.+)" does not exist$/,
    (schema, name = '') =>
      ofExtension(extensionOfType(name), schema) ?? `CREATE TYPE ${schema ? `${schema}.` : ''}${name} …`,
  ],
  [['42P01'], /^relation "(.+)" does not exist$/, (path = '') => `CREATE TABLE ${quotedWhereNeeded(path)} …`],
  // TypeORM's own error, such as that of queryRunner.changeColumn.
  [[''], /^Table "(.+)" does not exist\.$/, (path = '') => `CREATE TABLE ${quotedWhereNeeded(path)} …`],
  [
    ['42704'],
    /^(?:text search configuration|collation|operator class) "(.+)" .*does not exist/,
    (name) => `CREATE … ${name} …`,
  ],
];

/** The line for the setting `initialState` that would have prevented the error; undefined if nothing is missing. */
export function missingLine(error: unknown): string | undefined {
  const role = missingRole(error);
  if (role !== undefined) return `CREATE ROLE ${quoteName(role)}`;
  for (const [codes, pattern, line] of forms) {
    const found = codes.includes(codeOf(error) ?? '') ? pattern.exec(messageOf(error)) : null;
    if (found) return line(...found.slice(1));
  }
  return undefined;
}

/** The server names an object of a schema as `schema.object`, without quotes. */
function quotedWhereNeeded(path: string): string {
  return path
    .split('.')
    .map((name) => (/^[a-z_][a-z\d_]*$/.test(name) ? name : quoteName(name)))
    .join('.');
}

function ofExtension(extension: string | undefined, schema: string | undefined): string | undefined {
  if (extension === undefined) return undefined;
  if (schema === undefined || schema === 'public') return `CREATE EXTENSION ${quoteName(extension)}`;
  return `CREATE SCHEMA IF NOT EXISTS ${schema}; CREATE EXTENSION ${quoteName(extension)} SCHEMA ${schema}`;
}
