import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtInType } from './added.js';
import { declaredColumns } from './declared.js';

export const jsonColumn: Rule = {
  name: 'json-column',
  severity: 'notice',
  optional: true,
  title: 'jsonb does everything that json does, and more.',
  why: 'json stores the original text and parses it again in each query: it has no equality operator (DISTINCT and GROUP BY fail), and its content cannot be indexed. jsonb is stored in parsed form. Use json only if you need the exact text, including spaces and the order of keys.',
  check: eachStatement((statement) =>
    declaredColumns(statement)
      .filter(({ column: { typeName } }) => builtInType(typeName) === 'json')
      .map(({ path }) => ({
        message: `${path} is json: it cannot be compared or indexed, and is parsed by each query.`,
        advice: `-- Use jsonb. In the entity: @Column('jsonb')`,
      })),
  ),
  bad: [
    { sql: 'CREATE TABLE users (id bigint PRIMARY KEY, data json)' },
    {
      sql: 'CREATE SCHEMA app; CREATE TABLE app."User" (id uuid PRIMARY KEY); ALTER TABLE app."User" ADD COLUMN IF NOT EXISTS "Data" json NOT NULL',
    },
  ],
  good: [
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, data jsonb)' },
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, json text)' },
  ],
};
