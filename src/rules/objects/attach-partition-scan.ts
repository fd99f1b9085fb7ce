import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { Relation } from '../../observe/relation.js';
import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const visits =
  'CREATE TABLE visits (id int NOT NULL) PARTITION BY RANGE (id); CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (100)';

export const attachPartitionScan: Rule = {
  name: 'attach-partition-scan',
  severity: 'error',
  title: 'Adding a partition scans a whole table while reads and writes block.',
  why: 'ATTACH PARTITION scans the new partition, and the DEFAULT partition if there is one, under ACCESS EXCLUSIVE locks. CREATE TABLE … PARTITION OF also scans the DEFAULT partition, and locks the whole partitioned table. A partition is not scanned if a validated CHECK proves which rows it can contain.',
  check: eachStatement((statement) => {
    const partition = addedPartition(statement);
    if (partition === undefined) return;
    const scanned = statement.scans.filter(({ isNew, kind }) => !isNew && kind === 'table');
    return scanned.map((table) => ({
      message: `Reads and writes on ${called(table)} block while every row is checked.`,
      advice: adviceFor(table, table.name === partition ? 'partition' : 'default'),
    }));
  }),
  bad: [
    {
      given: `${visits}; CREATE TABLE "Visits2" (id int NOT NULL)`,
      sql: 'ALTER TABLE visits ATTACH PARTITION "Visits2" FOR VALUES FROM (100) TO (200)',
    },
    {
      given: `${visits}; CREATE TABLE visits_rest PARTITION OF visits DEFAULT`,
      sql: 'CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200)',
    },
    {
      given: 'CREATE SCHEMA old; CREATE TABLE old.visits (id int NOT NULL)',
      sql: 'CREATE TABLE visits (id int NOT NULL) PARTITION BY RANGE (id); ALTER TABLE visits ATTACH PARTITION old.visits DEFAULT; CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (100)',
    },
  ],
  good: [
    {
      given: `${visits}; CREATE TABLE visits_2 (id int NOT NULL, CONSTRAINT bounds CHECK (id >= 100 AND id < 200))`,
      sql: 'ALTER TABLE visits ATTACH PARTITION visits_2 FOR VALUES FROM (100) TO (200)',
    },
    {
      given: visits,
      sql: 'CREATE TABLE visits_2 (LIKE visits INCLUDING ALL); ALTER TABLE visits ATTACH PARTITION visits_2 FOR VALUES FROM (100) TO (200)',
    },
  ],
};

function addedPartition({ tree }: Observed): string | undefined {
  const create = nodeOf(tree, 'CreateStmt');
  if (create?.partbound) return create.relation?.relname;
  const commands = (nodeOf(tree, 'AlterTableStmt')?.cmds ?? []).map((node) => nodeOf(node, 'AlterTableCmd'));
  const attach = commands.find((command) => command?.subtype === 'AT_AttachPartition');
  return nodeOf(attach?.def, 'PartitionCmd')?.name?.relname;
}

function adviceFor(table: Relation, role: 'partition' | 'default'): string {
  const name = ident(`${table.name}_bounds`);
  const condition =
    role === 'partition'
      ? '… IS NOT NULL AND … >= <lower bound> AND … < <upper bound>'
      : 'NOT (… IS NOT NULL AND … >= <lower bound> AND … < <upper bound>)';
  return [
    '-- Each statement in a migration of its own, with the bounds of the new partition:',
    `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${name} CHECK (${condition}) NOT VALID;`,
    `ALTER TABLE ${sqlName(table)} VALIDATE CONSTRAINT ${name};`,
    `-- Then CREATE TABLE … (LIKE … INCLUDING ALL) if the partition does not exist, and ATTACH PARTITION; finally:\nALTER TABLE ${sqlName(table)} DROP CONSTRAINT ${name};`,
  ].join('\n');
}
