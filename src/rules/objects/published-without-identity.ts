import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodesOf } from '../../observe/parser.js';
import { called, factsOf, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { classify, quoteName } from '../../sql/index.js';

const log = 'CREATE TABLE log (id int, line text); CREATE PUBLICATION pub FOR ALL TABLES';

export const publishedWithoutIdentity: Rule = {
  name: 'published-without-identity',
  severity: 'error',
  inPlan: 'fails',
  title: 'UPDATE or DELETE on a published table without a replica identity.',
  why: 'The server refuses UPDATE and DELETE on a published table that has no replica identity (55000), that is, neither a primary key nor another REPLICA IDENTITY. Publications FOR ALL TABLES and for whole schemas count too, and each partition needs its own replica identity. A block that changes rows in batches fails only if there are rows. `lint` knows the publications from the migrations and the setting initialState; `plan` reads those of the live database.',
  explains: ['55000'],
  check: eachStatement((statement) =>
    changedTables(statement).flatMap(({ table, verb }) => {
      const publications = table.published.filter(({ updates, deletes }) => (verb === 'UPDATE' ? updates : deletes));
      if (!table.hasNoIdentity || publications.length === 0) return [];
      const names = publications.map(({ name }) => name).join(', ');
      return [
        {
          message: `The server refuses the ${verb}: ${called(table)} is published (${names}) and has no replica identity.`,
          advice: `-- First, in a migration of its own, add a primary key; or, during the change only (reset it with DEFAULT):\nALTER TABLE ${sqlName(table)} REPLICA IDENTITY FULL;`,
        },
      ];
    }),
  ),
  bad: [
    { given: log, sql: "UPDATE log SET line = '' WHERE id = 1", fails: true },
    {
      given: log,
      sql: `DO $backfill$ DECLARE page bigint := 0; BEGIN WHILE page * 8192 < pg_relation_size('log') LOOP UPDATE public.log SET line = '' WHERE line IS NULL; page := page + 10; COMMIT; END LOOP; END $backfill$`,
      transaction: false,
    },
    {
      given:
        'CREATE TABLE visits (id int, at date) PARTITION BY RANGE (at); CREATE TABLE visits_1 PARTITION OF visits DEFAULT; CREATE PUBLICATION pub FOR TABLE visits',
      sql: "DELETE FROM visits WHERE at < '2020-01-01'",
      fails: true,
    },
  ],
  good: [
    {
      given: 'CREATE TABLE log (id int PRIMARY KEY, line text); CREATE PUBLICATION pub FOR ALL TABLES',
      sql: "UPDATE log SET line = '' WHERE id = 1",
    },
    { given: 'CREATE TABLE log (id int, line text)', sql: "UPDATE log SET line = '' WHERE ctid = '(0,1)'" },
    {
      given: `CREATE TABLE log (id int, line text); CREATE PUBLICATION pub FOR TABLE log WITH (publish = 'insert')`,
      sql: "UPDATE log SET line = '' WHERE ctid = '(0,1)'",
    },
    { given: log, sql: "INSERT INTO log VALUES (1, 'a')" },
  ],
};

interface Changed {
  readonly table: TableFacts;
  readonly verb: 'UPDATE' | 'DELETE';
}

function changedTables(statement: Observed): readonly Changed[] {
  const { tree, sql, tables } = statement;
  const of = (verb: Changed['verb'], table: TableFacts | undefined): readonly Changed[] =>
    table ? [{ verb, table }] : [];
  return [
    ...[...nodesOf(tree, 'UpdateStmt'), ...nodesOf(tree, 'MergeStmt')].flatMap(({ relation }) =>
      of('UPDATE', factsOf(statement, relation)),
    ),
    ...[...nodesOf(tree, 'DeleteStmt')].flatMap(({ relation }) => of('DELETE', factsOf(statement, relation))),
    ...[...nodesOf(tree, 'InsertStmt')].flatMap(({ relation, onConflictClause }) =>
      onConflictClause?.action === 'ONCONFLICT_UPDATE' ? of('UPDATE', factsOf(statement, relation)) : [],
    ),
    ...classify(sql).flatMap(({ blockWrites }) =>
      blockWrites.flatMap(({ verb, table }) => of(verb, tables.get(table.map(quoteName).join('.')))),
    ),
  ];
}
