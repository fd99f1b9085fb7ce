import { nodeOf } from '../../observe/parser.js';
import type { TableFacts } from '../../observe/catalog.js';
import { called, ident, identList, sqlName, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const sums =
  'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE MATERIALIZED VIEW sums AS SELECT id, count(*) FROM users GROUP BY id';

export const refreshMaterializedViewBlocking: Rule = {
  name: 'refresh-materialized-view-blocking',
  severity: 'error',
  title: 'REFRESH MATERIALIZED VIEW without CONCURRENTLY blocks reads of the view.',
  why: 'REFRESH holds ACCESS EXCLUSIVE on the view from the start of its query to the end of the transaction, and reads block meanwhile. With CONCURRENTLY, the view stays readable; this requires a unique index over plain columns and all rows, and a view that is already populated.',
  check: eachStatement((statement) => {
    const refresh = nodeOf(statement.tree, 'RefreshMatViewStmt');
    const view = tableInUse(statement, refresh?.relation);
    if (!refresh || !view || refresh.concurrent || refresh.skipData) return;
    return [{ message: `Reads of ${called(view)} block until the view is refreshed.`, advice: concurrently(view) }];
  }),
  bad: [
    { given: sums, sql: 'REFRESH MATERIALIZED VIEW sums' },
    {
      given: `CREATE SCHEMA shop; CREATE MATERIALIZED VIEW shop."Sums" AS SELECT 1 AS one; CREATE UNIQUE INDEX s ON shop."Sums" (one)`,
      sql: 'REFRESH MATERIALIZED VIEW shop."Sums" WITH DATA',
    },
  ],
  good: [
    { given: `${sums}; CREATE UNIQUE INDEX s ON sums (id)`, sql: 'REFRESH MATERIALIZED VIEW CONCURRENTLY sums' },
    { sql: `${sums}; REFRESH MATERIALIZED VIEW sums` },
  ],
};

function concurrently(view: TableFacts): string {
  const has = view.indexes.some(
    ({ unique, valid, predicate, columns }) => unique && valid && predicate === null && !columns.includes(''),
  );
  const key = identList(view.columns.slice(0, 1).map(({ name }) => name));
  return [
    ...(has
      ? []
      : [
          '-- Once, without a transaction, with the columns that identify its rows:',
          `CREATE UNIQUE INDEX CONCURRENTLY ${ident(`${view.name}_key`)} ON ${sqlName(view)} (${key});`,
        ]),
    `REFRESH MATERIALIZED VIEW CONCURRENTLY ${sqlName(view)};`,
  ].join('\n');
}
