import type { RangeVar } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { columnsOf, declaredConstraints, declaredKeys, isSameName, serves } from '../declared.js';
import { after, factsOf, ident, identList, sqlName } from '../look.js';
import { buildConcurrently } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Problem, Rule } from '../rule.js';
import { droppedIndexes } from './dropped.js';
import { classify } from '../../sql/index.js';

const given =
  'CREATE TABLE users (id int PRIMARY KEY); CREATE SCHEMA shop; CREATE TABLE shop."Orders" (id int PRIMARY KEY, "userId" int)';
const reference = 'FOREIGN KEY ("userId") REFERENCES users (id) NOT VALID';
const add = `ALTER TABLE shop."Orders" ADD CONSTRAINT fk ${reference}; COMMIT; ALTER TABLE shop."Orders" VALIDATE CONSTRAINT fk`;

export const indexMissingFk: Rule = {
  name: 'index-missing-fk',
  severity: 'notice',
  title: 'A foreign key has no index.',
  why: 'PostgreSQL creates no index for a foreign key. When a row of the referenced table is deleted, or its key changes, the whole referencing table is scanned for rows that refer to it; joins on the key scan it too. The columns of the foreign key must come first in the index, in any order.',
  check: eachStatement((statement, _migration, { batch }) => [
    ...declaredWithout(statement, batch),
    ...leftWithout(statement, batch),
  ]),
  bad: [
    { given, sql: add, transaction: false },
    { sql: 'CREATE TABLE users (id int PRIMARY KEY, "parentId" int REFERENCES users)' },
    {
      given: `${given}; CREATE INDEX i ON shop."Orders" ("userId"); ALTER TABLE shop."Orders" ADD ${reference}`,
      sql: 'DROP INDEX CONCURRENTLY shop.i',
      transaction: false,
    },
  ],
  good: [
    {
      given,
      sql: `CREATE INDEX CONCURRENTLY i ON shop."Orders" ("userId", id); BEGIN; SET LOCAL lock_timeout = 2000; ${add}`,
      transaction: false,
    },
    {
      sql: [
        'CREATE TABLE users (id int PRIMARY KEY, parent int REFERENCES users, boss int UNIQUE REFERENCES users)',
        'CREATE INDEX i ON users (parent) WHERE parent IS NOT NULL',
      ],
    },
    { sql: 'CREATE TABLE a (x int, y int, PRIMARY KEY (x, y), FOREIGN KEY (y, x) REFERENCES a (x, y))' },
  ],
};

function declaredWithout(
  statement: Observed,
  batch: readonly JudgedMigration[],
): readonly Omit<Problem, 'statement'>[] {
  return declaredConstraints(statement)
    .filter(({ constraint }) => constraint.contype === 'CONSTR_FOREIGN')
    .flatMap((declared) => {
      const { range, createsTable } = declared;
      const table = factsOf(statement, range);
      // CREATE TABLE IF NOT EXISTS of an existing table.
      if (createsTable && table) return [];
      const columns = columnsOf(declared);
      if (isServed(columns, range, table?.indexes ?? [], [statement, ...after(statement, batch)])) return [];
      return [
        missing({ schema: range.schemaname ?? table?.schema ?? 'public', name: range.relname ?? '' }, columns, table),
      ];
    });
}

function leftWithout(statement: Observed, batch: readonly JudgedMigration[]): readonly Omit<Problem, 'statement'>[] {
  return droppedIndexes(statement).flatMap(({ table, index }) => {
    const range = { schemaname: table.schema, relname: table.name };
    const remaining = table.indexes.filter((other) => other !== index);
    return table.constraints
      .filter(({ type, columns }) => type === 'foreign key' && index.valid && serves(index.columns, columns))
      .filter(({ columns }) => !isServed(columns, range, remaining, after(statement, batch)))
      .map(({ columns }) => missing(table, columns, table));
  });
}

function isServed(
  columns: readonly string[],
  range: RangeVar,
  indexes: TableFacts['indexes'],
  statements: readonly Observed[],
): boolean {
  return (
    indexes.some((index) => index.valid && isUsable(index) && serves(index.columns, columns)) ||
    statements.some((one) =>
      declaredKeys(one).some((key) => isSameName(key.range, range) && serves(key.columns, columns)),
    )
  );
}

function isUsable({ method, predicate }: TableFacts['indexes'][number]): boolean {
  return ['btree', 'hash'].includes(method) && (predicate === null || leavesOutNull(predicate));
}

/** `(author_id IS NOT NULL)`: rows that refer to nothing do not have to be found. */
function leavesOutNull(predicate: string): boolean {
  const [condition = ''] = classify(predicate)[0]?.groups() ?? [];
  const parts = classify(condition)[0]?.splitAt('IS', 'NOT', 'NULL') ?? [];
  return parts.length === 2 && parts[1] === '' && !/[()]/.test(parts[0] ?? '');
}

function missing(
  table: { readonly schema: string; readonly name: string },
  columns: readonly string[],
  facts: TableFacts | undefined,
): Omit<Problem, 'statement'> {
  const name = `${table.name}_${columns.join('_')}_idx`;
  const on = `ON ${sqlName(table)} (${identList(columns)})`;
  return {
    message: `Deleting a row that ${table.schema}.${table.name} refers to scans the whole table: ${identList(columns)} has no index.`,
    advice:
      facts && !facts.isNew && facts.kind === 'table'
        ? buildConcurrently({ schema: table.schema, name }, `CREATE INDEX CONCURRENTLY ${ident(name)} ${on}`)
        : `CREATE INDEX ${ident(name)} ${on};`,
  };
}
