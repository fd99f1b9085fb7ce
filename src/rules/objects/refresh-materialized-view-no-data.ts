import { nodeOf } from '../../observe/parser.js';
import { called, sqlName, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const sums =
  'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE MATERIALIZED VIEW sums AS SELECT id, count(*) FROM users GROUP BY id';

export const refreshMaterializedViewNoData: Rule = {
  name: 'refresh-materialized-view-no-data',
  severity: 'error',
  title: 'REFRESH MATERIALIZED VIEW … WITH NO DATA makes the view unreadable.',
  why: 'The view loses its rows, and every query on it fails ("has not been populated", 55000) until it is refreshed again. That refresh cannot be CONCURRENTLY, so reads block until it has finished.',
  check: eachStatement((statement) => {
    const refresh = nodeOf(statement.tree, 'RefreshMatViewStmt');
    const view = tableInUse(statement, refresh?.relation);
    if (!refresh?.skipData || !view) return;
    return [
      {
        message: `Every query on ${called(view)} fails until it is refreshed with data.`,
        advice: `-- To refresh it while it is in use (it needs a unique index):\nREFRESH MATERIALIZED VIEW CONCURRENTLY ${sqlName(view)};`,
      },
    ];
  }),
  bad: [
    { given: sums, sql: 'REFRESH MATERIALIZED VIEW sums WITH NO DATA' },
    {
      given: 'CREATE SCHEMA shop; CREATE MATERIALIZED VIEW shop."Sums" AS SELECT 1 AS one',
      sql: 'REFRESH MATERIALIZED VIEW shop."Sums" WITH NO DATA',
    },
  ],
  good: [
    { given: `${sums}; CREATE UNIQUE INDEX s ON sums (id)`, sql: 'REFRESH MATERIALIZED VIEW CONCURRENTLY sums' },
    { sql: `${sums}; REFRESH MATERIALIZED VIEW sums WITH NO DATA` },
  ],
};
