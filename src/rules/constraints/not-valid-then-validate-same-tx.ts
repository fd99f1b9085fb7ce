import type { Observed } from '../../observe/observed.js';
import { alterations, called, ident, isSameTransaction, newConstraints, sqlName, whoWaits } from '../look.js';
import { ownMigrations } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { nameFor } from './definition.js';

const given = 'CREATE TABLE users (id int PRIMARY KEY, "Age" int)';
const add = 'ADD CONSTRAINT "Adult" CHECK ("Age" > 17) NOT VALID';

export const notValidThenValidateSameTx: Rule = {
  name: 'not-valid-then-validate-same-tx',
  severity: 'error',
  title: 'NOT VALID has no benefit when the constraint is validated in the same transaction.',
  why: 'ADD CONSTRAINT … NOT VALID is quick, but holds its lock until its transaction ends. VALIDATE CONSTRAINT in the same transaction checks all rows under that lock: writes wait, and for a CHECK so do reads, just as without NOT VALID. Put the two statements in separate transactions.',
  check: eachStatement((statement, { statements }) =>
    alterations(statement, 'AT_ValidateConstraint').flatMap(({ table, command: { name } }) => {
      const isScanned = statement.scans.some(({ isNew }) => !isNew);
      const isAdded = statements
        .slice(0, statements.indexOf(statement) + 1)
        .some((one) => (one === statement || isSameTransaction(one, statement)) && adds(one, table.oid, name));
      if (!isScanned || !isAdded) return [];
      const waiting = whoWaits(statement, table.oid) === 'reads and writes' ? 'Reads and writes' : 'Writes';
      return [
        {
          message: `${waiting} on ${called(table)} block while every row is checked: the lock of ADD CONSTRAINT is still held.`,
          advice: `${ownMigrations}\n-- ADD CONSTRAINT ${ident(name)} … NOT VALID\nALTER TABLE ${sqlName(table)} VALIDATE CONSTRAINT ${ident(name)};`,
        },
      ];
    }),
  ),
  bad: [
    { given, sql: `ALTER TABLE users ${add}; ALTER TABLE users VALIDATE CONSTRAINT "Adult"` },
    { given, sql: `ALTER TABLE ONLY public.users ${add}, VALIDATE CONSTRAINT "Adult"`, transaction: false },
    {
      given: `${given}; CREATE SCHEMA shop; CREATE TABLE shop.orders (u int)`,
      sql: 'ALTER TABLE shop.orders ADD FOREIGN KEY (u) REFERENCES users NOT VALID; ALTER TABLE shop.orders VALIDATE CONSTRAINT orders_u_fkey',
    },
  ],
  good: [
    { given, sql: [`ALTER TABLE users ${add}`, 'ALTER TABLE users VALIDATE CONSTRAINT "Adult"'] },
    {
      given,
      sql: `SET lock_timeout = 2000; ALTER TABLE users ${add}; ALTER TABLE users VALIDATE CONSTRAINT "Adult"`,
      transaction: false,
    },
    { sql: `${given}; ALTER TABLE users ${add}; ALTER TABLE users VALIDATE CONSTRAINT "Adult"` },
  ],
};

function adds(statement: Observed, oid: number, name: string | undefined): boolean {
  return newConstraints(statement).some(
    ({ table, constraint }) =>
      table.oid === oid &&
      constraint.skip_validation === true &&
      nameFor(constraint, table, statement.altered) === name,
  );
}
