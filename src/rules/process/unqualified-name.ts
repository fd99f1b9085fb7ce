import { nodeOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { quoteName } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY)';

export const unqualifiedName: Rule = {
  name: 'unqualified-name',
  severity: 'notice',
  optional: true,
  title: 'A table is named without its schema.',
  why: 'The search_path of the role that runs the migration decides which table is used, and where a new one is created. With several schemas, or one schema per tenant, qualify the name.',
  check: eachStatement((statement) => {
    const created = nodeOf(statement.tree, 'CreateStmt')?.relation;
    const isNew = created && !created.schemaname && created.relpersistence !== 't';
    const names = [
      ...(isNew ? [quoteName(created.relname ?? '')] : []),
      ...[...statement.tables].flatMap(([name, { schema }]) =>
        name.includes('"."') || schema.startsWith('pg_temp') ? [] : [name],
      ),
    ];
    return [...new Set(names)].map((name) => ({
      message: `The search_path decides which ${name} is used.`,
      advice: `-- For example:\n"public".${name}`,
    }));
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN name text' },
    { sql: 'CREATE TABLE "Users" (id int PRIMARY KEY)' },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE public.users ADD COLUMN name text' },
    { sql: 'CREATE TABLE public."Users" (id int PRIMARY KEY); CREATE TEMP TABLE copies (id int)' },
  ],
};
