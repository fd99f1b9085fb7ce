import type { Relation } from '../../observe/relation.js';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isMadeAgain } from './create-table-force.js';
import { droppedInUse, inContract } from './named.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const dropTable: Rule = {
  name: 'drop-table',
  severity: 'error',
  title: 'A table is dropped while the old version of the app may still use it.',
  why: 'During a deploy the old version of the app keeps running: all its queries on the table fail once the table is dropped, and the rows are lost permanently. Drop the table in a contract migration, when no running version uses it; or rename it first, and drop it one release later. For partitions, see drop-partition; for whole schemas, see drop-schema.',
  check: eachStatement((statement, { phase, statements }) => {
    if (phase === 'contract') return;
    return droppedTables(statement)
      .filter((table) => !isMadeAgain(table, statement, statements))
      .map((table) => ({
        message: `${called(table)} and its rows are lost immediately; the old version of the app may still read and write it.`,
        fix: inContract(`DROP TABLE ${sqlName(table)}`),
      }));
  }),
  bad: [
    { given: users, sql: 'DROP TABLE IF EXISTS users' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY)',
      sql: 'DROP TABLE shop."Order"',
    },
    { given: users, sql: `DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$` },
  ],
  good: [
    { given: users, sql: 'DROP TABLE users', phase: 'contract' },
    { given: users, sql: 'DROP TABLE IF EXISTS no_such_table' },
    { sql: `${users}; DROP TABLE users` },
    { sql: [users, 'DROP TABLE users'] },
    { given: users, sql: 'CREATE TEMP TABLE old AS SELECT 1 AS one; DROP TABLE old' },
  ],
};

/** A DO block names no table, so the tables that disappeared count. */
function droppedTables(statement: Observed): readonly (TableFacts | Relation)[] {
  if (nodeOf(statement.tree, 'DropStmt'))
    return droppedInUse(statement, 'OBJECT_TABLE').filter(({ isPartition }) => !isPartition);
  return statement.drops.filter(({ kind, isNew }) => !isNew && (kind === 'table' || kind === 'partitioned table'));
}
