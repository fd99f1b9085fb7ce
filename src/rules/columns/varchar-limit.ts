import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtInType } from './added.js';
import { declaredColumns } from './declared.js';

export const varcharLimit: Rule = {
  name: 'varchar-limit',
  severity: 'notice',
  optional: true,
  title: 'A length limit is cheaper to change in a CHECK than in a type.',
  why: 'varchar(n) is not smaller or faster than text, and its length is part of the type: shortening it rewrites the table, and views over the column prevent any change. A CHECK on a text column can be added NOT VALID, validated and dropped without blocking reads or writes.',
  check: eachStatement((statement) =>
    declaredColumns(statement)
      .filter(({ column: { typeName } }) => builtInType(typeName) === 'varchar' && typeName?.typmods !== undefined)
      .map(({ path }) => ({
        message: `${path} has its length limit in its type, which is expensive to shorten.`,
        advice: `-- Use text, with CHECK (char_length(…) <= n) if the length matters. In the entity: @Column('text')`,
      })),
  ),
  bad: [
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, name character varying(255))' },
    {
      sql: 'CREATE TABLE users (id uuid PRIMARY KEY); ALTER TABLE ONLY users ADD COLUMN IF NOT EXISTS "Tags" varchar(20)[]',
    },
  ],
  good: [
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, name text CHECK (char_length(name) <= 255))' },
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, name varchar)' },
  ],
};
