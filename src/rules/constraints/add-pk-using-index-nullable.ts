import { called, columnOf, identList, newConstraints } from '../look.js';
import { bare, ownMigrations, setNotNull } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const given =
  'CREATE TABLE "Towns" (country text NOT NULL, "Name" text); CREATE UNIQUE INDEX pk ON "Towns" (country, "Name")';

export const addPkUsingIndexNullable: Rule = {
  name: 'add-pk-using-index-nullable',
  severity: 'error',
  title: 'PRIMARY KEY USING INDEX scans the table if a column is nullable.',
  why: 'A primary key makes its columns NOT NULL. If a column is still nullable, and no validated check proves that it has no NULL, every row is checked under an ACCESS EXCLUSIVE lock although the index exists, and reads and writes on the table block meanwhile. It fails if a row contains NULL.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    newConstraints(statement, 'CONSTR_PRIMARY').flatMap(({ table, constraint }) => {
      const index = table.indexes.find(({ name }) => name === constraint.indexname);
      if (!index || statement.scans.every(({ oid }) => oid !== table.oid)) return [];
      const nullable = index.columns.filter((column) => columnOf(table, column)?.notNull === false);
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is checked: ${identList(nullable)} may be NULL.`,
          fix: [
            ownMigrations,
            ...nullable.flatMap((column) => setNotNull(table, column, targetVersion)),
            `${bare(statement.sql)};`,
          ].join('\n'),
        },
      ];
    }),
  ),
  bad: [
    { given, sql: 'ALTER TABLE "Towns" ADD CONSTRAINT pk PRIMARY KEY USING INDEX pk' },
    { given, sql: 'ALTER TABLE IF EXISTS ONLY public."Towns" ADD PRIMARY KEY USING INDEX pk' },
  ],
  good: [
    {
      given: `${given}; ALTER TABLE "Towns" ADD CHECK ("Name" IS NOT NULL)`,
      sql: 'ALTER TABLE "Towns" ADD CONSTRAINT pk PRIMARY KEY USING INDEX pk',
    },
    { sql: `${given}; ALTER TABLE "Towns" ADD CONSTRAINT pk PRIMARY KEY USING INDEX pk` },
  ],
};
