import type { IndexStmt } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { after, called, factsOf, ident, isSameTransaction, sqlName } from '../look.js';
import { asConcurrent, buildConcurrently } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedIndexes } from './dropped.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX "Email" ON users (email)';

export const indexReplaceGap: Rule = {
  name: 'index-replace-gap',
  severity: 'warning',
  title: 'An index is dropped before its replacement has been built.',
  why: 'Until the new index is ready, every query that relies on the old one scans the whole table. Build the new index first, then drop the old one; two indexes can swap names in one transaction. With both statements in the same transaction there is no gap, but the build blocks reads and writes: see create-index-blocking.',
  check: eachStatement((statement, _migration, { batch }) =>
    droppedIndexes(statement).flatMap(({ table, index }) => {
      const first = index.columns[0];
      const isServed = table.indexes.some(
        (other) => other !== index && other.valid && first !== '' && other.columns[0] === first,
      );
      if (!index.valid || isServed) return [];
      const successor = after(statement, batch).find((later) => {
        const create = createdOn(later, table);
        return create && !isSameTransaction(statement, later) && isLike(create, index.name, first);
      });
      if (!successor) return [];
      return [
        {
          message: `Until the new index is built, queries that use ${index.name} scan all of ${called(table)}.`,
          advice: builtFirst(successor, table, index.name),
        },
      ];
    }),
  ),
  bad: [
    {
      given: users,
      sql: ['DROP INDEX CONCURRENTLY "Email"', 'CREATE INDEX CONCURRENTLY "Email" ON users (lower(email))'],
      transaction: false,
    },
    {
      given: users,
      sql: 'DROP INDEX CONCURRENTLY public."Email"; CREATE UNIQUE INDEX CONCURRENTLY by_email ON ONLY users (email)',
      transaction: false,
    },
  ],
  good: [
    {
      given: users,
      sql: 'CREATE INDEX CONCURRENTLY by_email ON users (email, id); DROP INDEX CONCURRENTLY "Email"',
      transaction: false,
    },
    {
      given: users,
      sql: 'DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON users (lower(email))',
      transaction: false,
    },
    {
      given: users,
      sql: 'DROP INDEX CONCURRENTLY "Email"; CREATE INDEX CONCURRENTLY i ON users (lower(email))',
      transaction: false,
    },
    { sql: [users, 'DROP INDEX "Email"', 'CREATE INDEX "Email" ON users (lower(email))'] },
  ],
};

function createdOn(statement: Observed, { oid }: TableFacts): IndexStmt | undefined {
  const create = nodeOf(statement.tree, 'IndexStmt');
  return create && factsOf(statement, create.relation)?.oid === oid ? create : undefined;
}

function isLike({ idxname, indexParams = [] }: IndexStmt, name: string, column: string | undefined): boolean {
  const first = nodeOf(indexParams[0], 'IndexElem')?.name;
  return idxname === name || (first !== undefined && first === column);
}

function builtFirst({ sql, tree }: Observed, { schema }: TableFacts, name: string): string {
  const wanted = nodeOf(tree, 'IndexStmt')?.idxname ?? `${name}_new`;
  const draft = wanted === name ? `${name}_new` : wanted;
  const old = sqlName({ schema, name });
  return [
    buildConcurrently({ schema, name: draft }, asConcurrent(sql, draft)),
    ...(wanted === name
      ? [
          '-- Then, in another migration, in a transaction:',
          `DROP INDEX ${old};\nALTER INDEX ${sqlName({ schema, name: draft })} RENAME TO ${ident(name)};`,
        ]
      : [`DROP INDEX CONCURRENTLY IF EXISTS ${old};`]),
  ].join('\n');
}
