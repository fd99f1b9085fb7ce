import { nodeOf } from '../../observe/parser.js';
import { called, tableInUse } from '../look.js';
import { indexByPartition } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const events =
  "CREATE TABLE events (id int, at date) PARTITION BY RANGE (at); CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE \"events_2025\" PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')";

export const indexOnPartitioned: Rule = {
  name: 'index-on-partitioned',
  severity: 'error',
  title: 'CREATE INDEX on a partitioned table blocks writes to all partitions.',
  why: 'CREATE INDEX on a partitioned table builds an index on one partition after another, and writes to all of them wait until the last index is ready. CREATE INDEX CONCURRENTLY does not support partitioned tables. Instead, build an index on each partition concurrently (including partitions of partitions); CREATE INDEX on the partitioned table then attaches these instead of building new ones.',
  explains: ['0A000'],
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'IndexStmt');
    const table = tableInUse(statement, create?.relation);
    if (!create || table?.kind !== 'partitioned table') return;
    const builtBelow = statement.builds.some((built) => built.table !== table.oid);
    const cannot = create.concurrent === true && statement.error !== undefined;
    if (!builtBelow && !cannot) return;
    const columns = (create.indexParams ?? []).flatMap((node) => nodeOf(node, 'IndexElem')?.name ?? []);
    const name = create.idxname ?? [table.name, ...columns, 'idx'].join('_');
    return [
      {
        message: cannot
          ? `${called(table)} is partitioned, which CONCURRENTLY does not support.`
          : `Every write to ${called(table)} and its partitions waits until the index ${name} is built on all of them.`,
        ...indexByPartition(table, name, statement.sql),
      },
    ];
  }),
  bad: [
    { given: events, sql: 'CREATE INDEX i ON events (id)' },
    { given: events, sql: 'CREATE INDEX ON events (id, at)' },
    { given: events, sql: 'CREATE INDEX IF NOT EXISTS "By Id" ON public . "events" (id)' },
    { given: events, sql: 'CREATE INDEX CONCURRENTLY i ON events (id)', transaction: false, fails: true },
    {
      given:
        'CREATE TABLE events (id int, at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF events DEFAULT PARTITION BY LIST (id); CREATE TABLE "All" PARTITION OF rest DEFAULT',
      sql: 'CREATE UNIQUE INDEX i ON events (at, id)',
    },
  ],
  good: [
    { given: events, sql: 'CREATE INDEX i ON ONLY events (id)' },
    {
      given: `${events}; CREATE INDEX i ON ONLY events (id); CREATE INDEX i_2024 ON events_2024 (id)`,
      sql: 'ALTER INDEX i ATTACH PARTITION i_2024',
    },
    {
      given: `${events}; CREATE INDEX i_2024 ON events_2024 (id); CREATE INDEX i_2025 ON events_2025 (id)`,
      sql: 'CREATE INDEX i ON events (id)',
    },
    { sql: `${events}; CREATE INDEX i ON events (id)` },
    { given: 'CREATE TABLE events (id int, at date) PARTITION BY RANGE (at)', sql: 'CREATE INDEX i ON events (id)' },
  ],
};
