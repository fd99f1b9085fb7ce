import type { Node, RangeVar } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { called, factsOf, isSameTransaction } from '../look.js';
import type { Rule } from '../rule.js';

const given =
  'CREATE TABLE users (id int PRIMARY KEY); CREATE SCHEMA shop; CREATE TABLE shop."Orders" (id int PRIMARY KEY, "userId" int UNIQUE REFERENCES users DEFERRABLE INITIALLY DEFERRED)';

export const deferredTriggerThenDdl: Rule = {
  name: 'deferred-trigger-then-ddl',
  severity: 'error',
  title: 'A table is altered while deferred checks of its rows are pending.',
  why: 'An INITIALLY DEFERRED constraint checks changed rows only at the end of the transaction. Until then, the server refuses ALTER TABLE, TRUNCATE and DROP TABLE on the table "because it has pending trigger events" (55006). On an empty database no row is written, so the error appears only in production. SET CONSTRAINTS ALL IMMEDIATE performs the checks immediately.',
  explains: ['55006'],
  *check({ statements }) {
    for (const [index, statement] of statements.entries()) {
      const table = altered(statement);
      if (!table) continue;
      const before = statements.slice(0, index).filter((one) => isSameTransaction(one, statement));
      const settled = before.findLastIndex(({ tree }) => {
        const set = nodeOf(tree, 'ConstraintsSetStmt');
        return set !== undefined && !set.deferred;
      });
      const writer = before.slice(settled + 1).find((one) => writesDeferred(one, table.oid));
      if (!writer) continue;
      yield {
        statement,
        message: `The server refuses this statement: deferred checks of rows in ${called(table)} are pending.`,
        advice: `-- Before it, or in a migration of its own:\nSET CONSTRAINTS ALL IMMEDIATE;`,
      };
    }
  },
  bad: [
    {
      given,
      sql: 'UPDATE shop."Orders" SET "userId" = 1 WHERE id = 1; ALTER TABLE shop."Orders" ALTER COLUMN "userId" SET DEFAULT 1',
    },
    {
      given: `${given}; INSERT INTO users VALUES (1)`,
      sql: 'INSERT INTO shop."Orders" VALUES (1, 1); ALTER TABLE shop."Orders" ADD note text',
      fails: true,
    },
  ],
  good: [
    {
      given,
      sql: 'UPDATE shop."Orders" SET "userId" = 1 WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE shop."Orders" ALTER COLUMN "userId" SET DEFAULT 1',
    },
    {
      given,
      sql: [
        'UPDATE shop."Orders" SET "userId" = 1 WHERE id = 1',
        'ALTER TABLE shop."Orders" ALTER COLUMN "userId" SET DEFAULT 1',
      ],
    },
    {
      given: 'CREATE TABLE users (id int PRIMARY KEY, boss int UNIQUE REFERENCES users DEFERRABLE)',
      sql: 'UPDATE users SET boss = 1 WHERE id = 1; ALTER TABLE users ALTER COLUMN boss SET DEFAULT 1',
    },
    { given, sql: 'UPDATE shop."Orders" SET id = 2 WHERE id = 1; ALTER TABLE shop."Orders" ALTER id SET DEFAULT 1' },
  ],
};

function altered(statement: Observed): TableFacts | undefined {
  const truncated = nodeOf(nodeOf(statement.tree, 'TruncateStmt')?.relations?.[0], 'RangeVar');
  return factsOf(statement, nodeOf(statement.tree, 'AlterTableStmt')?.relation ?? truncated);
}

/** Whether the statement changes rows that a deferred constraint of the table checks. */
function writesDeferred(statement: Observed, oid: number): boolean {
  const { range, columns } = written(statement.tree);
  const table = factsOf(statement, range);
  if (table?.oid !== oid) return false;
  return table.constraints.some(
    (one) =>
      one.type === 'foreign key' &&
      one.definition.includes(' INITIALLY DEFERRED') &&
      (columns === 'all' || one.columns.some((column) => columns.includes(column))),
  );
}

function written(tree: Node | undefined): {
  readonly range: RangeVar | undefined;
  readonly columns: readonly string[] | 'all';
} {
  const update = nodeOf(tree, 'UpdateStmt');
  const targets = update?.targetList ?? [];
  if (update)
    return { range: update.relation, columns: targets.flatMap((node) => nodeOf(node, 'ResTarget')?.name ?? []) };
  return { range: (nodeOf(tree, 'InsertStmt') ?? nodeOf(tree, 'MergeStmt'))?.relation, columns: 'all' };
}
