import { called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedInUse, inContract } from './named.js';

const visits =
  'CREATE TABLE visits (id int NOT NULL) PARTITION BY RANGE (id); CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (100)';

export const dropPartition: Rule = {
  name: 'drop-partition',
  severity: 'error',
  title: 'A partition is dropped while it is still attached to its table.',
  why: 'DROP TABLE of a partition takes ACCESS EXCLUSIVE on the whole partitioned table: while it waits for a long query, all other queries on any partition wait. Its rows are lost immediately, for the old version of the app too. Detach the partition first (CONCURRENTLY, since PostgreSQL 14); it is then a separate table, and dropping it blocks no reads or writes.',
  check: eachStatement((statement, { phase }, { targetVersion }) => {
    if (phase === 'contract') return;
    return droppedInUse(statement, 'OBJECT_TABLE')
      .filter(({ isPartition }) => isPartition)
      .map((partition) => {
        const others = statement.locks.map(({ relation }) => relation).filter(({ oid }) => oid !== partition.oid);
        const parent = others.find(({ kind }) => kind === 'partitioned table');
        // If a DEFAULT partition is locked too, there is one, and CONCURRENTLY cannot be used.
        const canDetach =
          targetVersion >= 14 && !partition.isDefaultPartition && !others.some(({ kind }) => kind === 'table');
        return {
          message: `The rows of ${called(partition)} are lost immediately, and reads and writes on ${parent ? called(parent) : 'its table'} block meanwhile.`,
          fix: parent && canDetach ? detachFirst(sqlName(parent), sqlName(partition)) : inContract(statement.sql),
        };
      });
  }),
  bad: [
    { given: visits, sql: 'DROP TABLE visits_1' },
    {
      given:
        'CREATE SCHEMA log; CREATE TABLE log."Visits" (id int) PARTITION BY LIST (id); CREATE TABLE log."Ones" PARTITION OF log."Visits" FOR VALUES IN (1)',
      sql: 'DROP TABLE IF EXISTS log."Ones"',
    },
    { given: `${visits}; CREATE TABLE visits_rest PARTITION OF visits DEFAULT`, sql: 'DROP TABLE visits_rest' },
  ],
  good: [
    { given: visits, sql: 'DROP TABLE visits_1', phase: 'contract' },
    { sql: `${visits}; DROP TABLE visits_1` },
    {
      given: visits,
      sql: 'CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200); DROP TABLE visits_2',
    },
  ],
};

function detachFirst(parent: string, partition: string): string {
  return [
    '-- In a migration of its own, without a transaction (transaction = false):',
    `ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY;`,
    '-- Later, in a contract migration:',
    `DROP TABLE ${partition};`,
  ].join('\n');
}
