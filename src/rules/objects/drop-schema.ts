import { nodeOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedNames, isMade } from './named.js';

export const dropSchema: Rule = {
  name: 'drop-schema',
  severity: 'error',
  title: 'DROP SCHEMA … CASCADE drops everything in the schema.',
  why: 'Tables with their rows, views, functions and types are dropped without being named, including objects created since, and objects elsewhere that depend on them: every query on them waits for ACCESS EXCLUSIVE and then fails. An empty schema can be dropped with a plain DROP SCHEMA.',
  check: eachStatement((statement, _migration, { batch }) => {
    const drop = nodeOf(statement.tree, 'DropStmt');
    const names = drop?.removeType === 'OBJECT_SCHEMA' ? droppedNames(drop) : [];
    if (statement.cascades.length === 0 || names.length === 0) return;
    if (names.every((parts) => isMade('schema', parts, statement, batch))) return;
    return [
      {
        message: `It drops, without naming them: ${statement.cascades.join(', ')}.`,
        advice: '-- Drop each object by its name, in the phase contract; then the empty schema:\nDROP SCHEMA …;',
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
