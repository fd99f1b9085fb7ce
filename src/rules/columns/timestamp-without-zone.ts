import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtInType } from './added.js';
import { declaredColumns } from './declared.js';

export const timestampWithoutZone: Rule = {
  name: 'timestamp-without-zone',
  severity: 'notice',
  optional: true,
  title: 'timestamp without time zone does not denote a point in time.',
  why: 'timestamp stores what the clock showed, but not where: a server, a session or a driver with another TimeZone reads another moment from it, and one hour in autumn exists twice. timestamptz takes the same 8 bytes and denotes a point in time.',
  check: eachStatement((statement) =>
    declaredColumns(statement)
      .filter(({ column: { typeName } }) => builtInType(typeName) === 'timestamp')
      .map(({ path }) => ({
        message: `${path} does not say in which time zone its values are meant.`,
        advice: `-- timestamptz. In the entity: @Column('timestamptz'), @CreateDateColumn({ type: 'timestamptz' })`,
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
