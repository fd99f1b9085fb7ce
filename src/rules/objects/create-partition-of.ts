import { nodeOf } from '../../observe/parser.js';
import { called, ident, sqlName, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { classify } from '../../sql/index.js';

const visits = 'CREATE TABLE visits (id int NOT NULL) PARTITION BY RANGE (id)';

export const createPartitionOf: Rule = {
  name: 'create-partition-of',
  severity: 'notice',
  title: 'CREATE TABLE … PARTITION OF blocks all reads and writes of the whole partitioned table.',
  why: 'It takes ACCESS EXCLUSIVE on the partitioned table. That is brief by itself, but while the statement waits for a long query, all other queries on any partition wait too. ATTACH PARTITION of a table that was created separately takes only SHARE UPDATE EXCLUSIVE, which blocks neither reads nor writes. If a DEFAULT partition has to be scanned, see attach-partition-scan.',
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'CreateStmt');
    const parent = create?.partbound ? tableInUse(statement, nodeOf(create.inhRelations?.[0], 'RangeVar')) : undefined;
    // With IF NOT EXISTS, the statement may do nothing.
    const isLocked = statement.locks.some(({ relation }) => relation.oid === parent?.oid);
    if (!create?.relation || !parent || !isLocked || statement.scans.some(({ isNew }) => !isNew)) return;
    const { relname = '', schemaname } = create.relation;
    const [, values] = classify(statement.sql)[0]?.splitAt('FOR', 'VALUES') ?? [];
    const bounds = values === undefined ? 'DEFAULT' : `FOR VALUES ${values}`;
    // An unqualified name ends up in the schema where the original statement would have created it.
    const name = schemaname === undefined ? ident(relname) : sqlName({ schema: schemaname, name: relname });
    return [
      {
        message: `Reads and writes on ${called(parent)} block until ${ident(relname)} has been created.`,
        fix: `CREATE TABLE ${name} (LIKE ${sqlName(parent)} INCLUDING ALL);\nALTER TABLE ${sqlName(parent)} ATTACH PARTITION ${name} ${bounds};`,
      },
    ];
  }),
  bad: [
    { given: visits, sql: 'CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200)' },
    {
      given: 'CREATE SCHEMA log; CREATE TABLE log."Visits" (id int) PARTITION BY LIST (id)',
      sql: 'CREATE TABLE IF NOT EXISTS "Rest" PARTITION OF log."Visits" DEFAULT',
    },
  ],
  good: [
    {
      given: `${visits}; CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200)`,
      sql: 'CREATE TABLE IF NOT EXISTS visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200)',
    },
    { sql: `${visits}; CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200)` },
    {
      given: visits,
      sql: 'CREATE TABLE visits_2 (LIKE visits INCLUDING ALL); ALTER TABLE visits ATTACH PARTITION visits_2 FOR VALUES FROM (100) TO (200)',
    },
  ],
};
