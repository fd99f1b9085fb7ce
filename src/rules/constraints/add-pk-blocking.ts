import { called, columnOf, newConstraints } from '../look.js';
import { keyByPartition, keyUsingIndex, ownMigrations, setNotNull } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtFor, keyOf } from './definition.js';

const towns = 'CREATE SCHEMA geo; CREATE TABLE geo."Towns" (country text NOT NULL, "Name" text)';

export const addPkBlocking: Rule = {
  name: 'add-pk-blocking',
  severity: 'error',
  title: 'ADD PRIMARY KEY stops reads and writes while its index is built.',
  why: 'ADD PRIMARY KEY builds its index, and looks for NULL in columns that may hold it, under an ACCESS EXCLUSIVE lock: reads and writes on the table block until that is done. The index can be built concurrently, the columns can be proven NOT NULL by a validated check, and ADD CONSTRAINT … PRIMARY KEY USING INDEX then only declares the key. It fails on rows that are double or NULL, either way.',
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
