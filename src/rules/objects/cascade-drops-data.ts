import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { cascadeOf } from './cascade.js';

const users = `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE users (id int PRIMARY KEY, "Mood" mood)`;

export const cascadeDropsData: Rule = {
  name: 'cascade-drops-data',
  severity: 'error',
  title: 'CASCADE drops columns or tables that the statement does not name.',
  why: 'DROP TYPE … CASCADE drops every column of that type, and DROP EXTENSION … CASCADE drops every column of its types, with all their values; the server reports it only in a NOTICE. DROP COLUMN … CASCADE and DROP SCHEMA … CASCADE have rules of their own.',
  check: eachStatement((statement, _migration, { batch }) => {
    const { data = [] } = cascadeOf(statement, batch) ?? {};
    if (data.length === 0) return;
    return [
      {
        message: `It drops these with their data, without naming them: ${data.join(', ')}.`,
        advice: `-- Leave out CASCADE. First change or drop the dependent objects:\n${data.map((what) => `--   ${what}`).join('\n')}`,
      },
    ];
  }),
  bad: [
    { given: users, sql: 'DROP TYPE mood CASCADE' },
    { given: users, sql: `DO $$ BEGIN EXECUTE 'DROP TYPE IF EXISTS mood CASCADE'; END $$`, phase: 'contract' },
    { given: 'CREATE DOMAIN posint AS int; CREATE TABLE a (id posint)', sql: 'DROP DOMAIN posint CASCADE' },
  ],
  good: [
    { given: "CREATE TYPE mood AS ENUM ('sad', 'ok')", sql: 'DROP TYPE mood CASCADE' },
    { sql: `${users}; DROP TYPE mood CASCADE` },
    { sql: 'DROP TYPE IF EXISTS mood CASCADE' },
  ],
};
