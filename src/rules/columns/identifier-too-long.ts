import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import type { SqlToken } from '../../sql/index.js';
import { plainName, sqlTokens, truncatedName } from '../../sql/index.js';

const long = 'a'.repeat(64);

export const identifierTooLong: Rule = {
  name: 'identifier-too-long',
  severity: 'notice',
  title: 'A name of more than 63 bytes is truncated.',
  why: 'PostgreSQL truncates a name to its first 63 bytes without an error. Tools that compare names, such as TypeORM, then do not find the object, and create or rename it on every run; and two long names with the same first 63 bytes collide. An accented or non-Latin letter takes two bytes or more.',
  check: eachStatement(({ sql }) =>
    [...new Set([...sqlTokens(sql)].flatMap(tooLong))].map((name) => ({
      message: `${name} has ${Buffer.byteLength(name)} bytes; it is truncated to ${truncatedName(name)}.`,
      advice: '-- Choose a name of at most 63 bytes.',
    })),
  ),
  bad: [
    { given: 'CREATE TABLE users (id int)', sql: `ALTER TABLE users ADD CONSTRAINT ${long} CHECK (id > 0) NOT VALID` },
    { sql: `CREATE TABLE "${'é'.repeat(32)}" (id int PRIMARY KEY)` },
  ],
  good: [
    { sql: `CREATE TABLE "${'é'.repeat(31)}" (id int PRIMARY KEY, ${'a'.repeat(63)} int)` },
    { sql: `CREATE TABLE users (id int PRIMARY KEY, name text DEFAULT '${long}') -- ${long}` },
  ],
};

/** The name, if the token is a name and too long. */
function tooLong({ kind, text }: SqlToken): readonly string[] {
  const name = kind === 'name' || kind === 'word' ? plainName(text) : '';
  return truncatedName(name) === name ? [] : [name];
}
