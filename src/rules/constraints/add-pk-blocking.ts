import { called, columnOf, newConstraints } from '../look.js';
import { keyByPartition, keyUsingIndex, ownMigrations, setNotNull } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtFor, keyOf } from './definition.js';

const towns = 'CREATE SCHEMA geo; CREATE TABLE geo."Towns" (country text NOT NULL, "Name" text)';

export const addPkBlocking: Rule = {
  name: 'add-pk-blocking',
  severity: 'error',
  title: 'ADD PRIMARY KEY blocks reads and writes while its index is built.',
  why: 'ADD PRIMARY KEY builds its index, and checks nullable columns for NULL, under an ACCESS EXCLUSIVE lock: reads and writes on the table block meanwhile. Instead, the index can be built concurrently, a validated check can prove the columns NOT NULL, and ADD CONSTRAINT … PRIMARY KEY USING INDEX then only declares the key. Either way, it fails on duplicate values and on NULL.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    newConstraints(statement, 'CONSTR_PRIMARY').flatMap(({ table, constraint }) => {
      if (constraint.indexname !== undefined || statement.builds.length === 0) return [];
      const key = keyOf(constraint, constraint.conname ?? builtFor(statement, table));
      const nullable = key.columns.filter((column) => columnOf(table, column)?.notNull === false);
      const proof =
        nullable.length === 0
          ? []
          : [ownMigrations, ...nullable.flatMap((column) => setNotNull(table, column, targetVersion))];
      return [
        {
          message: `Reads and writes on ${called(table)} block while the index ${key.name} is built. Fails if the columns contain duplicate values or NULL.`,
          ...(constraint.without_overlaps
            ? {}
            : table.kind === 'partitioned table'
              ? keyByPartition(table, key, proof)
              : { fix: [...proof, keyUsingIndex(table, key)].join('\n') }),
        },
      ];
    }),
  ),
  bad: [
    { given: towns, sql: 'ALTER TABLE geo."Towns" ADD CONSTRAINT "PK" PRIMARY KEY (country, "Name")' },
    { given: 'CREATE TABLE t (id int NOT NULL)', sql: 'ALTER TABLE ONLY t ADD PRIMARY KEY (id)' },
  ],
  good: [
    {
      given: 'CREATE TABLE t (id int NOT NULL); CREATE UNIQUE INDEX "PK" ON t (id)',
      sql: 'ALTER TABLE t ADD CONSTRAINT "PK" PRIMARY KEY USING INDEX "PK"',
    },
    { sql: `${towns}; ALTER TABLE geo."Towns" ADD PRIMARY KEY (country, "Name")` },
  ],
};
