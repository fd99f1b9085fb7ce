import { called, columnOf, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { addedColumns } from './batch.js';
import { isRewritten } from './effects.js';
import { ownMigrations, shortName } from '../recipes.js';

const given = 'CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TABLE users (id int PRIMARY KEY)';

export const addColumnConstrainedDomain: Rule = {
  name: 'add-column-constrained-domain',
  severity: 'error',
  title: 'Adding a column whose domain has a CHECK rewrites the table.',
  why: 'If a domain has a CHECK or NOT NULL constraint, PostgreSQL evaluates the constraint for every existing row, even if the new column is NULL: the table and all its indexes are rewritten under ACCESS EXCLUSIVE, and reads and writes block meanwhile. A column of the underlying type, with the check on the table, avoids this.',
  check: eachStatement((statement, _migration, context) =>
    addedColumns(statement, context).flatMap(({ table, column }) => {
      const is = statement.altered && columnOf(statement.altered, column.colname);
      if (!is?.domain?.checked || !isRewritten(statement, table)) return [];
      const name = ident(column.colname);
      const alter = `ALTER TABLE ${sqlName(table)}`;
      const check = shortName(table.name, column.colname ?? '', 'check');
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is rewritten to check the constraints of the domain ${is.type}.`,
          advice: [
            ownMigrations,
            `${alter} ADD COLUMN ${name} ${is.domain.type}${is.default === null ? '' : ` DEFAULT ${is.default}`};`,
            `-- The constraint of the domain, with ${name} instead of VALUE:`,
            `${alter} ADD CONSTRAINT ${check} CHECK (…) NOT VALID;`,
            `${alter} VALIDATE CONSTRAINT ${check};`,
          ].join('\n'),
        },
      ];
    }),
  ),
  bad: [
    { given, sql: 'ALTER TABLE users ADD COLUMN age positive' },
    { given, sql: 'ALTER TABLE public.users ADD COLUMN IF NOT EXISTS "Age" positive NOT NULL DEFAULT 1' },
  ],
  good: [
    {
      given: 'CREATE DOMAIN name AS text; CREATE TABLE users (id int)',
      sql: 'ALTER TABLE users ADD COLUMN called name',
    },
    { given, sql: 'CREATE TABLE others (id int); ALTER TABLE others ADD COLUMN age positive' },
    { given, sql: 'ALTER TABLE users ADD COLUMN age int' },
  ],
};
