import { ident } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { cascadeOf } from './cascade.js';
import { classify } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const dropCascade: Rule = {
  name: 'drop-cascade',
  severity: 'warning',
  title: 'CASCADE drops objects that the statement does not name.',
  why: 'CASCADE also drops the views, foreign keys, defaults, triggers and policies that depend on the dropped object, on its own table and on other tables, which it locks too. The set of dropped objects differs from database to database, and the server reports it only in a NOTICE. For columns and tables, see cascade-drops-data.',
  check: eachStatement((statement, _migration, { batch }) => {
    const { others = [] } = cascadeOf(statement, batch) ?? {};
    if (others.length === 0) return;
    return [
      {
        message: `It also drops ${others.join(', ')}.`,
        fix: `-- Drop the dependent objects by name, and leave out CASCADE:\n${others.map((what) => dropOf(what)).join('\n')}\n${classify(statement.sql)[0]?.splitAt('CASCADE').join(' ').trim()};`,
      },
    ];
  }),
  bad: [
    {
      given: `${users}; CREATE VIEW v AS SELECT id FROM users; CREATE TABLE posts (id int PRIMARY KEY, "authorId" int REFERENCES users)`,
      sql: 'DROP TABLE users CASCADE',
      phase: 'contract',
    },
    {
      given: `CREATE SCHEMA shop; CREATE FUNCTION shop."Next"() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE shop."Bill" (id int PRIMARY KEY DEFAULT shop."Next"())`,
      sql: 'DROP FUNCTION shop."Next" CASCADE',
    },
  ],
  good: [
    { given: users, sql: 'DROP TABLE users CASCADE', phase: 'contract' },
    { sql: `${users}; CREATE VIEW v AS SELECT id FROM users; DROP TABLE users CASCADE` },
    {
      given: `${users}; CREATE VIEW v AS SELECT id FROM users`,
      sql: 'DROP VIEW v; DROP TABLE users',
      phase: 'contract',
    },
  ],
};

/** `constraint a on table b` → the statement that drops it. The server has already quoted the names. */
function dropOf(what: string): string {
  const [, constraint, table] = /^constraint (.+) on table (.+)$/.exec(what) ?? [];
  if (constraint !== undefined && table !== undefined)
    return `ALTER TABLE ${table} DROP CONSTRAINT ${ident(constraint)};`;
  const [, column, of] = /^default value for column (.+) of table (.+)$/.exec(what) ?? [];
  if (column !== undefined && of !== undefined) return `ALTER TABLE ${of} ALTER COLUMN ${ident(column)} DROP DEFAULT;`;
  const [, policy, on] = /^(trigger .+|policy .+|rule .+) on (?:table|view) (.+)$/.exec(what) ?? [];
  if (policy !== undefined && on !== undefined)
    return `DROP ${policy.toUpperCase().split(' ')[0] ?? ''} ${ident(policy.replace(/^\w+ /, ''))} ON ${on};`;
  return `DROP ${what.replace(/^(?:materialized view|foreign table|\w+)/, (kind) => kind.toUpperCase())};`;
}
