import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { alterations, called, columnOf, isSameTransaction, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = `CREATE TABLE users (id int PRIMARY KEY, email text, domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED)`;

export const dropExpression: Rule = {
  name: 'drop-expression',
  severity: 'warning',
  title: 'A generated column is no longer computed, and the old version of the app does not write it.',
  why: 'The column keeps its values. From then on, rows that the old version of the app inserts have NULL in it, and rows that it updates keep a stale value; nothing fails. Until that version is gone, a trigger must compute the column whenever no value is given. `generate` writes such a trigger; with a trigger in the same transaction, nothing is reported.',
  check: eachStatement((statement, { phase, statements }) =>
    alterations(statement, 'AT_DropExpression').flatMap(({ table, command: { name = '' } }) => {
      const column = columnOf(table, name);
      if (!column?.generated || phase === 'contract') return [];
      if (statements.some((other) => isSameTransaction(statement, other) && firesOn(other) === table.oid)) return [];
      return [
        {
          message: `${called(table)}.${name} is no longer computed from ${column.expression ?? 'the other columns'}: rows that the old version of the app writes get no value.`,
          advice:
            '-- In the same transaction, until the old version is gone: a BEFORE INSERT OR UPDATE trigger that computes the column if it is NULL.',
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN domain DROP EXPRESSION' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (n int, "Twice" int GENERATED ALWAYS AS (n * 2) STORED)',
      sql: 'ALTER TABLE ONLY shop."Order" ALTER "Twice" DROP EXPRESSION IF EXISTS',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email DROP EXPRESSION IF EXISTS' },
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN domain DROP EXPRESSION', phase: 'contract' },
    {
      given: `${users}; CREATE FUNCTION compute() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.domain := coalesce(NEW.domain, split_part(NEW.email, ''@'', 2)); RETURN NEW; END'`,
      sql: 'ALTER TABLE users ALTER COLUMN domain DROP EXPRESSION; CREATE TRIGGER compute BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION compute()',
    },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN domain DROP EXPRESSION` },
  ],
};

/** The table whose rows a new trigger can change. */
function firesOn(statement: Observed): number | undefined {
  const create = nodeOf(statement.tree, 'CreateTrigStmt');
  return create?.row ? tableInUse(statement, create.relation)?.oid : undefined;
}
