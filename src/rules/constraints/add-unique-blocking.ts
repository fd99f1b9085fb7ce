import { called, newConstraints } from '../look.js';
import { keyByPartition, keyUsingIndex } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtFor, keyOf } from './definition.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, "Email" text, town text)';

export const addUniqueBlocking: Rule = {
  name: 'add-unique-blocking',
  severity: 'error',
  title: 'ADD UNIQUE blocks reads and writes while its index is built.',
  why: 'ADD CONSTRAINT … UNIQUE builds its index under an ACCESS EXCLUSIVE lock: reads and writes on the table block until it is ready. CREATE UNIQUE INDEX CONCURRENTLY builds it without blocking, and ADD CONSTRAINT … USING INDEX then only declares the constraint. Either way, it fails on duplicate values.',
  check: eachStatement((statement) =>
    newConstraints(statement, 'CONSTR_UNIQUE').flatMap(({ table, constraint }) => {
      if (constraint.indexname !== undefined || statement.builds.length === 0) return [];
      const key = keyOf(constraint, constraint.conname ?? builtFor(statement, table));
      return [
        {
          message: `Reads and writes on ${called(table)} block while the index ${key.name} is built. Fails if the columns contain duplicate values.`,
          ...(constraint.without_overlaps
            ? {}
            : table.kind === 'partitioned table'
              ? keyByPartition(table, key)
              : { fix: keyUsingIndex(table, key) }),
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD CONSTRAINT "UQ" UNIQUE ("Email") DEFERRABLE INITIALLY DEFERRED' },
    { given: users, sql: 'ALTER TABLE ONLY public.users ADD UNIQUE NULLS NOT DISTINCT ("Email", town) INCLUDE (id)' },
    {
      given: 'CREATE TABLE e (id int, at date) PARTITION BY LIST (at); CREATE TABLE e_1 PARTITION OF e DEFAULT',
      sql: 'ALTER TABLE e ADD CONSTRAINT u UNIQUE (id, at)',
    },
  ],
  good: [
    {
      given: `${users}; CREATE UNIQUE INDEX "UQ" ON users ("Email")`,
      sql: 'ALTER TABLE users ADD CONSTRAINT "UQ" UNIQUE USING INDEX "UQ"',
    },
    { sql: `${users}; ALTER TABLE users ADD UNIQUE ("Email")` },
  ],
};
