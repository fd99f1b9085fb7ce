import type { CreateStmt } from 'nest-migrate-dev/libpg-query';
import { nameOf } from '../../observe/catalog.js';
import { nodeOf } from '../../observe/parser.js';
import type { Tree } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';

export const tableWithoutPrimaryKey: Rule = {
  name: 'table-without-primary-key',
  severity: 'notice',
  title: 'A new table has no primary key.',
  why: 'Without a primary key, nothing prevents duplicate rows, rows cannot be changed in batches by key, and once the table is published for logical replication (as many upgrades and pipelines do), each UPDATE and DELETE on it fails. TypeORM requires a primary column in each entity.',
  check: eachStatement((statement, _migration, { batch }) => {
    const create = nodeOf(statement.tree, 'CreateStmt');
    if (!create?.relation || !mayLackKey(create)) return;
    const { relname = '' } = create.relation;
    const isThere = statement.tables.has(nameOf(create.relation));
    if (isThere || getsKey(relname, batch)) return;
    return [
      {
        message: `${relname} has no primary key.`,
        advice: `-- In CREATE TABLE, for example:\n"id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY`,
      },
    ];
  }),
  bad: [
    { sql: 'CREATE TABLE visits (at timestamptz)' },
    { sql: 'CREATE SCHEMA shop; CREATE TABLE shop."Log" (line text)' },
  ],
  good: [
    { sql: 'CREATE TABLE visits (id int PRIMARY KEY)' },
    { sql: 'CREATE TABLE "Pairs" (a int, b int, PRIMARY KEY (a, b))' },
    { sql: 'CREATE TABLE visits (id int); ALTER TABLE visits ADD CONSTRAINT visits_pkey PRIMARY KEY (id)' },
    { sql: 'CREATE TEMP TABLE visits (id int)' },
    { given: 'CREATE TABLE visits (id int PRIMARY KEY)', sql: 'CREATE TABLE copy (LIKE visits INCLUDING ALL)' },
  ],
};

/** A temporary table needs no key; a partition, a child or a copy may get one from another table. */
function mayLackKey({ relation, partbound, inhRelations, tableElts = [], ofTypename }: CreateStmt): boolean {
  if (relation?.relpersistence === 't' || partbound || inhRelations?.length || ofTypename) return false;
  return !tableElts.some((node) => isKey(node) || nodeOf(node, 'TableLikeClause') || columnIsKey(node));
}

function columnIsKey(node: Tree): boolean {
  return (nodeOf(node, 'ColumnDef')?.constraints ?? []).some(isKey);
}

function isKey(node: Tree | undefined): boolean {
  return nodeOf(node, 'Constraint')?.contype === 'CONSTR_PRIMARY';
}

function getsKey(name: string, batch: readonly JudgedMigration[]): boolean {
  return batch
    .flatMap(({ statements }) => statements)
    .some(({ tree }) => {
      const alter = nodeOf(tree, 'AlterTableStmt');
      if (alter?.relation?.relname !== name) return false;
      return (alter.cmds ?? []).some((command) => {
        const { def } = nodeOf(command, 'AlterTableCmd') ?? {};
        return def !== undefined && (isKey(def) || columnIsKey(def));
      });
    });
}
