import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtInType } from './added.js';
import { declaredColumns } from './declared.js';

export const timestampWithoutZone: Rule = {
  name: 'timestamp-without-zone',
  severity: 'notice',
  optional: true,
  title: 'timestamp without time zone does not denote a point in time.',
  why: 'timestamp stores a clock reading without its time zone: a server, session or driver with another TimeZone reads it as another point in time, and one hour each autumn is ambiguous. timestamptz takes the same 8 bytes and denotes a point in time.',
  check: eachStatement((statement) =>
    declaredColumns(statement)
      .filter(({ column: { typeName } }) => builtInType(typeName) === 'timestamp')
      .map(({ path }) => ({
        message: `${path} does not record the time zone of its values.`,
        advice: `-- Use timestamptz. In the entity: @Column('timestamptz'), @CreateDateColumn({ type: 'timestamptz' })`,
      })),
  ),
  bad: [
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, at timestamp NOT NULL DEFAULT now())' },
    {
      sql: 'CREATE TABLE "User" (id uuid PRIMARY KEY); ALTER TABLE public."User" ADD "At" TIMESTAMP(3) WITHOUT TIME ZONE',
    },
  ],
  good: [
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, at timestamptz)' },
    { sql: 'CREATE TABLE users (id uuid PRIMARY KEY, at TIMESTAMP WITH TIME ZONE)' },
  ],
};
