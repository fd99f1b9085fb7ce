import type { Observed } from '../../observe/observed.js';
import type { Constraint } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import { called, factsOf, newConstraints } from '../look.js';
import { validateLater } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Problem, Rule } from '../rule.js';
import { foreignKeyOf, nameFor } from './definition.js';
import { foreignKeyByPartition } from './partitions.js';

const given =
  'CREATE TABLE users (id int PRIMARY KEY); CREATE SCHEMA shop; CREATE TABLE shop."Orders" (id int PRIMARY KEY, "userId" int); CREATE INDEX ON shop."Orders" ("userId")';
const reference = 'FOREIGN KEY ("userId") REFERENCES users (id)';

export const addFkValidating: Rule = {
  name: 'add-fk-validating',
  severity: 'error',
  title: 'ADD FOREIGN KEY blocks writes to both tables while it checks all rows.',
  why: 'ADD CONSTRAINT … FOREIGN KEY checks every row under a SHARE ROW EXCLUSIVE lock on both tables: reads continue, but every INSERT, UPDATE and DELETE waits. NOT VALID skips the existing rows; VALIDATE CONSTRAINT, in a transaction of its own, checks them while both tables stay in use. It fails on rows that refer to a missing key. Partitioned tables accept NOT VALID since PostgreSQL 18; on older versions, add the foreign key to each partition first, and the partitioned table then adopts these without a scan.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    newConstraints(statement, 'CONSTR_FOREIGN').flatMap(({ table, constraint }) => {
      if (constraint.skip_validation || statement.scans.every(({ isNew }) => isNew)) return [];
      const referred = factsOf(statement, constraint.pktable);
      const both = referred && !referred.isNew && referred.oid !== table.oid ? ` and ${called(referred)}` : '';
      return [
        {
          message: `Every write to ${called(table)}${both} waits while all rows are checked. Fails if a row refers to a missing key.`,
          ...recipeFor(statement, table, constraint, targetVersion),
        },
      ];
    }),
  ),
  bad: [
    { given, sql: `ALTER TABLE shop."Orders" ADD CONSTRAINT "FK" ${reference} ON DELETE CASCADE` },
    { given, sql: `ALTER TABLE ONLY shop."Orders" ADD COLUMN note text, ADD ${reference} DEFERRABLE` },
    {
      given:
        'CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE logins ("userId" int, at date) PARTITION BY RANGE (at); CREATE TABLE logins_1 PARTITION OF logins DEFAULT; CREATE INDEX ON logins ("userId")',
      sql: `ALTER TABLE logins ADD CONSTRAINT fk ${reference}`,
    },
  ],
  good: [
    {
      given,
      sql: [
        `ALTER TABLE shop."Orders" ADD CONSTRAINT fk ${reference} NOT VALID`,
        'ALTER TABLE shop."Orders" VALIDATE CONSTRAINT fk',
      ],
    },
    {
      given: 'CREATE TABLE users (id int PRIMARY KEY)',
      sql: `CREATE TABLE orders (id int PRIMARY KEY, "userId" int); CREATE INDEX i ON orders ("userId"); ALTER TABLE orders ADD ${reference}`,
    },
    {
      given: `${given}; CREATE TABLE logins ("userId" int) PARTITION BY LIST ("userId")`,
      sql: `ALTER TABLE logins ADD ${reference}`,
    },
  ],
};

function recipeFor(
  { altered }: Observed,
  table: TableFacts,
  constraint: Constraint,
  targetVersion: number,
): Pick<Problem, 'fix' | 'advice'> {
  const name = nameFor(constraint, table, altered);
  const definition = foreignKeyOf(constraint);
  if (table.kind === 'partitioned table' && targetVersion < 18) return foreignKeyByPartition(table, name, definition);
  return { fix: validateLater(table, name, definition) };
}
