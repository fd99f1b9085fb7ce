import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtInType } from './added.js';
import { declaredColumns } from './declared.js';

export const charColumn: Rule = {
  name: 'char-column',
  severity: 'notice',
  optional: true,
  title: 'char(n) pads values with spaces.',
  why: 'A shorter value of char(n) is padded with spaces, which take up space, are significant in some operations and not in others, and are returned to the app. It is not faster than text, and changing its length rewrites the table. Use text with a CHECK instead.',
  check: eachStatement((statement) =>
    declaredColumns(statement)
      .filter(({ column: { typeName } }) => builtInType(typeName) === 'bpchar' && typeName?.typmods !== undefined)
      .map(({ path }) => ({
        message: `${path} is char(n): shorter values are padded with spaces.`,
        advice: `-- Use text, with CHECK (char_length(…) = n) if the length matters. In the entity: @Column('text')`,
      })),
  ),
  bad: [
    { sql: 'CREATE TABLE orders (id uuid PRIMARY KEY, country char(2))' },
    { sql: 'CREATE TABLE "Orders" ("Id" uuid PRIMARY KEY); ALTER TABLE ONLY "Orders" ADD "Country" character(2)' },
  ],
  good: [
    { sql: 'CREATE TABLE orders (id uuid PRIMARY KEY, country text)' },
    { sql: 'CREATE TABLE orders (id uuid PRIMARY KEY, flag "char")' },
  ],
};
