import { nodeOf } from '../../observe/parser.js';
import { nameOf } from '../../observe/catalog.js';
import { alterations, called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const visits =
  'CREATE TABLE visits (id int NOT NULL) PARTITION BY RANGE (id); CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (100)';

export const detachPartition: Rule = {
  name: 'detach-partition',
  severity: 'notice',
  title: 'DETACH PARTITION without CONCURRENTLY blocks all reads and writes of the whole partitioned table.',
  why: 'It takes ACCESS EXCLUSIVE on the partitioned table and on the partition, and while it waits for a long query, all other queries wait. Since PostgreSQL 14, DETACH PARTITION … CONCURRENTLY does not block; it cannot run in a transaction or if the table has a DEFAULT partition, and DETACH PARTITION … FINALIZE completes an interrupted one. This is only a notice because the lock is brief. Either way, the rows disappear from the partitioned table immediately, for the old version of the app too.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    alterations(statement, 'AT_DetachPartition').flatMap(({ table, command }) => {
      const { name: range, concurrent } = nodeOf(command.def, 'PartitionCmd') ?? {};
      const partition = range && statement.tables.get(nameOf(range));
      if (!partition || concurrent || targetVersion < 14 || partition.isDefaultPartition) return [];
      // If a DEFAULT partition is locked too, there is one, and CONCURRENTLY cannot be used.
      const own = new Set([table.oid, partition.oid]);
      if (statement.locks.some(({ relation }) => relation.kind === 'table' && !own.has(relation.oid))) return [];
      return [
        {
          message: `Reads and writes on ${called(table)} block until ${called(partition)} has been detached.`,
          advice: `-- In a migration of its own, without a transaction (transaction = false):\nALTER TABLE ${sqlName(table)} DETACH PARTITION ${sqlName(partition)} CONCURRENTLY;`,
        },
      ];
    }),
  ),
  bad: [
    { given: visits, sql: 'ALTER TABLE visits DETACH PARTITION visits_1' },
    {
      given:
        'CREATE SCHEMA log; CREATE TABLE log."Visits" (id int) PARTITION BY LIST (id); CREATE TABLE "Ones" PARTITION OF log."Visits" FOR VALUES IN (1)',
      sql: 'ALTER TABLE log."Visits" DETACH PARTITION "Ones"',
      transaction: false,
    },
  ],
  good: [
    { given: visits, sql: 'ALTER TABLE visits DETACH PARTITION visits_1 CONCURRENTLY', transaction: false },
    { sql: `${visits}; ALTER TABLE visits DETACH PARTITION visits_1` },
    {
      given: `${visits}; CREATE TABLE visits_rest PARTITION OF visits DEFAULT`,
      sql: 'ALTER TABLE visits DETACH PARTITION visits_1',
    },
    {
      given: `${visits}; CREATE TABLE visits_rest PARTITION OF visits DEFAULT`,
      sql: 'ALTER TABLE visits DETACH PARTITION visits_rest',
    },
    { given: visits, sql: 'ALTER TABLE visits DETACH PARTITION visits_1', targetVersion: 13 },
  ],
};
