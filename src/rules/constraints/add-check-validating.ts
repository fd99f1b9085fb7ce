import { nodeOf } from '../../observe/parser.js';
import { called, newConstraints } from '../look.js';
import { validateLater } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { nameFor, writtenCheck } from './definition.js';

const given = 'CREATE SCHEMA shop; CREATE TABLE shop."Items" (id int PRIMARY KEY, "Price" numeric)';

export const addCheckValidating: Rule = {
  name: 'add-check-validating',
  severity: 'error',
  title: 'ADD CHECK blocks reads and writes while it scans the table.',
  why: 'ADD CONSTRAINT … CHECK checks every row under an ACCESS EXCLUSIVE lock: reads and writes on the table block meanwhile. With NOT VALID it checks only new rows; VALIDATE CONSTRAINT, in a transaction of its own, checks the existing rows while the table stays in use. Either way, it fails if a row violates the constraint.',
  check: eachStatement((statement) =>
    newConstraints(statement, 'CONSTR_CHECK').flatMap(({ table, constraint }, _index, all) => {
      // A partitioned table has no rows of its own.
      const isScanned = statement.scans.some(({ oid, isNew }) => oid === table.oid || (hasChildren(table) && !isNew));
      if (constraint.skip_validation || !isScanned) return [];
      const many = all.length > 1 || (nodeOf(statement.tree, 'AlterTableStmt')?.cmds ?? []).length > 1;
      const definition = writtenCheck(statement, constraint, many ? 'one of many' : 'only one') ?? 'CHECK (…)';
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is checked. Fails if a row violates the constraint.`,
          fix: validateLater(table, nameFor(constraint, table, statement.altered), definition),
        },
      ];
    }),
  ),
  bad: [
    { given, sql: 'ALTER TABLE shop."Items" ADD CONSTRAINT "positive" CHECK ("Price" > 0)' },
    {
      given,
      sql: `ALTER TABLE ONLY shop."Items" ADD CONSTRAINT c CHECK (("Price" > 0) AND ("Price"::text <> ')')), ADD COLUMN note text`,
    },
    { given, sql: 'ALTER TABLE shop."Items" ADD CHECK ("Price" > 0)' },
    {
      given: 'CREATE TABLE e (id int, at date) PARTITION BY LIST (at); CREATE TABLE e_1 PARTITION OF e DEFAULT',
      sql: 'ALTER TABLE e ADD CONSTRAINT c CHECK (id > 0)',
    },
  ],
  good: [
    {
      given,
      sql: [
        'ALTER TABLE shop."Items" ADD CONSTRAINT c CHECK ("Price" > 0) NOT VALID',
        'ALTER TABLE shop."Items" VALIDATE CONSTRAINT c',
      ],
    },
    { sql: `${given}; ALTER TABLE shop."Items" ADD CHECK ("Price" > 0)` },
  ],
};

function hasChildren({ kind }: { readonly kind: string }): boolean {
  return kind === 'partitioned table';
}
