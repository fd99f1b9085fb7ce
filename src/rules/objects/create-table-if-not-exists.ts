import { nodeOf } from '../../observe/parser.js';
import { nameOf } from '../../observe/catalog.js';
import { called, ident } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const createTableIfNotExists: Rule = {
  name: 'create-table-if-not-exists',
  severity: 'warning',
  title: 'CREATE TABLE IF NOT EXISTS keeps an existing table that has other columns.',
  why: 'IF NOT EXISTS checks only the name. If a table of that name exists, the statement does nothing, whatever columns the table has, and the server reports it only in a NOTICE: the schema then differs from database to database, and later statements fail or change the wrong table.',
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'CreateStmt');
    const there = create?.if_not_exists && create.relation ? statement.tables.get(nameOf(create.relation)) : undefined;
    const wanted = (create?.tableElts ?? []).flatMap((node) => nodeOf(node, 'ColumnDef')?.colname ?? []);
    if (!there || wanted.length === 0) return;
    const has = there.columns.map(({ name }) => name);
    const missing = wanted.filter((name) => !has.includes(name));
    const other = has.filter((name) => !wanted.includes(name));
    if (missing.length + other.length === 0) return;
    const differences = [
      ...(missing.length > 0 ? [`lacks ${missing.map(ident).join(', ')}`] : []),
      ...(other.length > 0 ? [`also has ${other.map(ident).join(', ')}`] : []),
    ];
    return [
      {
        message: `Nothing is created: ${called(there)} already exists, and ${differences.join(' and ')}.`,
        fix: '-- Leave out IF NOT EXISTS, so that an existing table raises an error. To change an existing table, use ALTER TABLE.',
      },
    ];
  }),
  bad: [
    { given: users, sql: 'CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, name text)' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY)',
      sql: 'CREATE TABLE IF NOT EXISTS shop."Order" (id int PRIMARY KEY, "placedAt" timestamptz)',
    },
  ],
  good: [
    { given: users, sql: 'CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text)' },
    { sql: 'CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, name text)' },
  ],
};
