import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isRewritten } from './effects.js';
import { computedByTrigger } from './recipes.js';

const orders = 'CREATE TABLE orders (id int, price int, total int GENERATED ALWAYS AS (price * 2) STORED)';

export const alterGeneratedExpression: Rule = {
  name: 'alter-generated-expression',
  severity: 'error',
  title: 'Changing the expression of a stored generated column rewrites the table.',
  why: 'SET EXPRESSION (since PostgreSQL 17) recomputes a stored column for every row: the table and all its indexes are rewritten under ACCESS EXCLUSIVE, and reads and writes block meanwhile. For a VIRTUAL column (since PostgreSQL 18), only the catalog changes.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    alterations(statement, 'AT_SetExpression').flatMap(({ table, command }) => {
      const is = statement.altered && columnOf(statement.altered, command.name);
      if (!isRewritten(statement, table)) return [];
      const name = ident(command.name);
      const next = { name: `${command.name ?? ''}__new`, type: is?.type ?? '…', expression: is?.expression ?? '…' };
      const virtual = `ALTER TABLE ${sqlName(table)} DROP COLUMN ${name}, ADD COLUMN ${name} ${next.type} GENERATED ALWAYS AS (${next.expression}) VIRTUAL;`;
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is rewritten to recompute ${name}.`,
          fix:
            targetVersion >= 18
              ? `-- A virtual column is computed when it is read; it cannot have an index:\n${virtual}`
              : `${computedByTrigger(table, next)}\n-- Then make the app read it, and drop ${name} in a contract migration.`,
        },
      ];
    }),
  ),
  bad: [
    {
      given: orders,
      sql: 'ALTER TABLE orders ALTER COLUMN total SET EXPRESSION AS (price * 3)',
      targetVersion: 17,
      embedded: true,
    },
    {
      given: orders,
      sql: 'ALTER TABLE ONLY public.orders ALTER total SET EXPRESSION AS (price + 3)',
      targetVersion: 18,
      embedded: true,
    },
  ],
  good: [
    {
      given: 'CREATE TABLE orders (price int, total int GENERATED ALWAYS AS (price * 2) VIRTUAL)',
      sql: 'ALTER TABLE orders ALTER COLUMN total SET EXPRESSION AS (price * 3)',
      targetVersion: 18,
      embedded: true,
    },
    {
      sql: `${orders}; ALTER TABLE orders ALTER COLUMN total SET EXPRESSION AS (price * 3)`,
      targetVersion: 18,
      embedded: true,
    },
  ],
};
