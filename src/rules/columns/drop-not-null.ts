import { alterations, called, columnOf, goesToo } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { after, isNewColumn, renamings } from './batch.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)';

export const dropNotNull: Rule = {
  name: 'drop-not-null',
  severity: 'notice',
  title: 'Queries on the column may return NULL from now on.',
  why: 'DROP NOT NULL takes effect immediately and does not change data. But the old version of the app, which runs until the rollout is complete, expects a value in the column, as reports and other services may: deploy the code that can read NULL before the code that writes it. It is not reported as the first step of dropping the column in the same batch.',
  check: eachStatement((statement, migration, context) =>
    alterations(statement, 'AT_DropNotNull').flatMap(({ table, command }) => {
      const name = command.name ?? '';
      const isRenamed = renamings(after(statement, migration), table).some(({ from }) => from === name);
      const goes = isRenamed || goesToo(table, [name], statement, context.batch);
      const isKnown = migration.phase === 'contract' || goes || isNewColumn(table, name, statement, context);
      if (isKnown || !columnOf(table, name)?.notNull) return [];
      return [{ message: `The old version of the app may read NULL from ${called(table)}.${name}.` }];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email DROP NOT NULL' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Email" text NOT NULL)',
      sql: 'ALTER TABLE ONLY app."User" ALTER "Email" DROP NOT NULL, ALTER "Email" SET DEFAULT \'\'',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email DROP NOT NULL', phase: 'contract' },
    { given: 'CREATE TABLE users (email text)', sql: 'ALTER TABLE users ALTER COLUMN email DROP NOT NULL' },
    {
      given: users,
      sql: ['ALTER TABLE users ALTER email DROP NOT NULL', 'ALTER TABLE users DROP COLUMN email'],
      phase: 'contract',
    },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN email DROP NOT NULL` },
  ],
};
