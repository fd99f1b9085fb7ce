import { nodeOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedNames, isMade } from './named.js';

export const dropSchema: Rule = {
  name: 'drop-schema',
  severity: 'error',
  title: 'DROP SCHEMA … CASCADE drops everything in the schema.',
  why: 'It drops tables with their rows, views, functions and types without naming them, including objects that were created since, and objects in other schemas that depend on them: every query on them waits for an ACCESS EXCLUSIVE lock and then fails. A plain DROP SCHEMA drops an empty schema.',
  check: eachStatement((statement, _migration, { batch }) => {
    const drop = nodeOf(statement.tree, 'DropStmt');
    const names = drop?.removeType === 'OBJECT_SCHEMA' ? droppedNames(drop) : [];
    if (statement.cascades.length === 0 || names.length === 0) return;
    if (names.every((parts) => isMade('schema', parts, statement, batch))) return;
    return [
      {
        message: `It drops, without naming them: ${statement.cascades.join(', ')}.`,
        advice: '-- Drop each object by name, in a contract migration, and then the empty schema:\nDROP SCHEMA …;',
      },
    ];
  }),
  bad: [
    { given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY)', sql: 'DROP SCHEMA shop CASCADE' },
    {
      given: 'CREATE SCHEMA shop; CREATE VIEW shop.one AS SELECT 1 AS one',
      sql: 'DROP SCHEMA IF EXISTS shop CASCADE',
      phase: 'contract',
    },
  ],
  good: [
    { given: 'CREATE SCHEMA shop', sql: 'DROP SCHEMA shop CASCADE' },
    { sql: 'DROP SCHEMA IF EXISTS shop CASCADE' },
    { sql: 'CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY); DROP SCHEMA shop CASCADE' },
  ],
};
