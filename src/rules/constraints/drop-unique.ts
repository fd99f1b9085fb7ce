import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { declaredKeys, isSameName } from '../declared.js';
import { droppedIndexes, isReplaced } from '../indexes/dropped.js';
import { after, alterations, called, goesToo, identList } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';

const given = 'CREATE TABLE users (id int PRIMARY KEY, "Email" text CONSTRAINT "UQ" UNIQUE)';

export const dropUnique: Rule = {
  name: 'drop-unique',
  severity: 'notice',
  title: 'A unique constraint or unique index is dropped.',
  why: 'From then on, INSERT … ON CONFLICT on these columns fails, also in the old version of the app, and once there are duplicate rows, the key cannot be added again. Not reported if one of its columns is dropped too, or if another unique index on the same columns exists or is created in the same batch.',
  check: eachStatement((statement, { phase }, { batch }) => {
    if (phase === 'contract') return;
    return droppedKeys(statement, batch)
      .filter(({ table, columns }) => !goesToo(table, columns, statement, batch))
      .filter(({ table, index, columns }) => !isKept(table, index, columns, [statement, ...after(statement, batch)]))
      .map(({ table, index, columns }) => ({
        message: `Without ${index}, duplicate rows in ${called(table)} become possible, and ON CONFLICT (${identList(columns)}) fails.`,
      }));
  }),
  bad: [
    { given, sql: 'ALTER TABLE users DROP CONSTRAINT "UQ"' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop.items (code text); CREATE UNIQUE INDEX "Code" ON shop.items (code)',
      sql: 'DROP INDEX CONCURRENTLY IF EXISTS shop."Code"',
      transaction: false,
    },
  ],
  good: [
    { given, sql: 'ALTER TABLE users DROP CONSTRAINT "UQ"', phase: 'contract' },
    {
      given: `${given}; CREATE UNIQUE INDEX k ON users ("Email")`,
      sql: 'ALTER TABLE users DROP CONSTRAINT "UQ"; ALTER TABLE users ADD CONSTRAINT "UQ" UNIQUE USING INDEX k',
    },
    { given, sql: 'ALTER TABLE users DROP CONSTRAINT IF EXISTS none' },
    { sql: `${given}; ALTER TABLE users DROP CONSTRAINT "UQ"` },
    {
      given: 'CREATE TABLE items (code text); CREATE INDEX "Code" ON items (code)',
      sql: 'DROP INDEX CONCURRENTLY "Code"',
      transaction: false,
    },
  ],
};

interface DroppedKey {
  readonly table: TableFacts;
  readonly index: string;
  readonly columns: readonly string[];
}

function droppedKeys(statement: Observed, batch: readonly JudgedMigration[]): readonly DroppedKey[] {
  const constraints = alterations(statement, 'AT_DropConstraint').flatMap(({ table, command }) => {
    const dropped = table.constraints.find(({ name, type }) => name === command.name && type === 'unique');
    return dropped ? [{ table, index: dropped.name, columns: dropped.columns }] : [];
  });
  const indexes = droppedIndexes(statement)
    .filter(({ index }) => index.unique && index.valid && !isReplaced(statement, index, batch))
    .map(({ table, index }) => ({ table, index: index.name, columns: index.columns }));
  return [...constraints, ...indexes];
}

function isKept(
  table: TableFacts,
  index: string,
  columns: readonly string[],
  statements: readonly Observed[],
): boolean {
  const wanted = columns.toSorted().join();
  const isSame = (key: { readonly columns: readonly string[]; readonly unique: boolean }): boolean =>
    key.unique && key.columns.toSorted().join() === wanted;
  const range = { schemaname: table.schema, relname: table.name };
  return (
    table.indexes.some((other) => other.name !== index && other.valid && other.predicate === null && isSame(other)) ||
    statements.some((one) => declaredKeys(one).some((key) => isSameName(key.range, range) && isSame(key)))
  );
}
