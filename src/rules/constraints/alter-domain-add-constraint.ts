import type { AlterDomainStmt } from 'nest-migrate-dev/libpg-query';
import { nodeOf, textsOf } from '../../observe/parser.js';
import { isAtLeast } from '../../observe/relation.js';
import { called, ident } from '../look.js';
import { bare } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const given =
  'CREATE SCHEMA shop; CREATE DOMAIN shop."Price" AS numeric; CREATE TABLE shop.items (id int PRIMARY KEY, price shop."Price"); CREATE TABLE bills (total shop."Price")';

export const alterDomainAddConstraint: Rule = {
  name: 'alter-domain-add-constraint',
  severity: 'error',
  title: 'Adding a constraint to a domain scans all tables that use it.',
  why: 'ALTER DOMAIN … ADD CONSTRAINT and SET NOT NULL scan every table with a column of the domain, one after the other, under a SHARE lock: writes to all of them wait. NOT VALID checks new values only and scans nothing; VALIDATE CONSTRAINT of a domain takes the same locks as ADD. To check the existing rows without blocking writes, add a CHECK constraint to each table and validate it there.',
  check: eachStatement((statement) => {
    const alter = nodeOf(statement.tree, 'AlterDomainStmt');
    const locked = new Set(
      statement.locks.filter(({ mode }) => isAtLeast(mode, 'SHARE')).map(({ relation }) => relation.oid),
    );
    const tables = statement.scans.filter(({ oid }) => locked.has(oid));
    if (!alter || tables.length === 0) return;
    return [
      {
        message: `Every write to ${tables.map(called).join(' and ')} waits while all rows are checked. Fails if a row violates the constraint.`,
        advice: adviceOf(alter, statement.sql),
      },
    ];
  }),
  bad: [
    { given, sql: 'ALTER DOMAIN shop."Price" ADD CONSTRAINT positive CHECK (VALUE > 0)' },
    { given, sql: 'ALTER DOMAIN shop."Price" SET NOT NULL' },
    {
      given: `${given}; ALTER DOMAIN shop."Price" ADD CONSTRAINT "Positive" CHECK (VALUE > 0) NOT VALID`,
      sql: 'ALTER DOMAIN shop."Price" VALIDATE CONSTRAINT "Positive"',
    },
  ],
  good: [
    { given, sql: 'ALTER DOMAIN shop."Price" ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID' },
    { given: 'CREATE DOMAIN d AS int', sql: 'ALTER DOMAIN d ADD CHECK (VALUE > 0)' },
    { sql: `${given}; ALTER DOMAIN shop."Price" ADD CHECK (VALUE > 0)` },
    { given, sql: 'ALTER DOMAIN shop."Price" SET DEFAULT 1; ALTER DOMAIN shop."Price" DROP NOT NULL' },
  ],
};

function adviceOf({ subtype, typeName }: AlterDomainStmt, sql: string): string | undefined {
  const perTable =
    '-- For the existing rows: ALTER TABLE … ADD CONSTRAINT … CHECK (…) NOT VALID, then VALIDATE CONSTRAINT, for each table.';
  if (subtype === 'C') return `${bare(sql)} NOT VALID;\n${perTable}`;
  if (subtype !== 'O') return perTable;
  const domain = textsOf(typeName).map(ident).join('.');
  return `ALTER DOMAIN ${domain} ADD CHECK (VALUE IS NOT NULL) NOT VALID;\n${perTable}`;
}
