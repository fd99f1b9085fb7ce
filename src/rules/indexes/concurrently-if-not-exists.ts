import { nodeOf } from '../../observe/parser.js';
import { ident, tableInUse } from '../look.js';
import { asConcurrent, buildConcurrently } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, "Email" text)';

export const concurrentlyIfNotExists: Rule = {
  name: 'concurrently-if-not-exists',
  severity: 'warning',
  title: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS keeps an invalid index.',
  why: 'A concurrent build that fails or is interrupted leaves an invalid index: it slows down every write, serves no query, and, if it is unique, does not enforce uniqueness. IF NOT EXISTS finds the name taken and reports success. Drop an index of that name first, then build it without IF NOT EXISTS.',
  check: eachStatement((statement, { statements }) => {
    const create = nodeOf(statement.tree, 'IndexStmt');
    const table = tableInUse(statement, create?.relation);
    if (!create?.concurrent || !create.if_not_exists || !create.idxname || !table) return;
    const { idxname: name } = create;
    const isDroppedBefore = statements
      .slice(0, statements.indexOf(statement))
      .some(({ tree }) => JSON.stringify(nodeOf(tree, 'DropStmt')?.objects ?? []).includes(JSON.stringify(name)));
    if (isDroppedBefore) return;
    return [
      {
        message: `If an earlier attempt was interrupted, ${ident(name)} exists as an invalid index, and silently remains invalid.`,
        fix: buildConcurrently({ schema: table.schema, name }, asConcurrent(statement.sql, name)),
      },
    ];
  }),
  bad: [
    { given: users, sql: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users ("Email")', transaction: false },
    {
      given: `${users}; CREATE UNIQUE INDEX "By Email" ON users ("Email")`,
      sql: 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "By Email" ON public.users ("Email")',
      transaction: false,
    },
  ],
  good: [
    {
      given: users,
      sql: 'DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON users ("Email")',
      transaction: false,
    },
    {
      given: users,
      sql: 'DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users ("Email")',
      transaction: false,
    },
    { sql: `${users}; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users ("Email")`, transaction: false },
  ],
};
