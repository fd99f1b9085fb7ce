import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import type { SqlToken } from '../../sql/index.js';
import { plainName, sqlTokens, truncatedName } from '../../sql/index.js';

const long = 'a'.repeat(64);

export const identifierTooLong: Rule = {
  name: 'identifier-too-long',
  severity: 'notice',
  title: 'A name of more than 63 bytes is cut off.',
  why: 'PostgreSQL keeps the first 63 bytes of a name and leaves out the rest without an error. What compares names, TypeORM among others, does not find the object again and wants to make or rename it each time, and two names that begin alike are one. A letter with an accent, or of another alphabet, has two bytes or more.',
  check: eachStatement(({ sql }) =>
    [...new Set([...sqlTokens(sql)].flatMap(tooLong))].map((name) => ({
      message: `${name} has ${Buffer.byteLength(name)} bytes; what is kept is ${truncatedName(name)}.`,
      advice: '-- A name of at most 63 bytes.',
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

/** The name, when the token is one and is too long. */
function tooLong({ kind, text }: SqlToken): readonly string[] {
  const name = kind === 'name' || kind === 'word' ? plainName(text) : '';
  return truncatedName(name) === name ? [] : [name];
}
