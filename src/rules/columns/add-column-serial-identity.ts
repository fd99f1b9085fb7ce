import type { Observed } from '../../observe/observed.js';
import { called, columnOf, ident, sqlName } from '../look.js';
import type { NewColumn } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Problem, Rule } from '../rule.js';
import { has, serialOf } from './added.js';
import { addedColumns } from './batch.js';
import { isRewritten } from './effects.js';
import { keyUsingIndex, ownMigrations, setNotNull, shortName, writtenByFix } from '../recipes.js';
import { fillInBatches } from './recipes.js';
import { quoteLiteral } from '../../sql/index.js';

const users = 'CREATE TABLE users (id uuid PRIMARY KEY, email text)';

export const addColumnSerialIdentity: Rule = {
  name: 'add-column-serial-identity',
  severity: 'error',
  title: 'Adding a serial or identity column rewrites the table.',
  why: 'Every existing row gets a number: the table and all its indexes are rewritten under ACCESS EXCLUSIVE, and reads and writes block meanwhile. Adding a plain column and numbering the rows in batches gives the same result without blocking reads or writes.',
  check: eachStatement((statement, migration, context) =>
    addedColumns(statement, context)
      .filter(
        ({ table, column, constraints }) =>
          isRewritten(statement, table) && (serialOf(column) !== undefined || has(constraints, 'CONSTR_IDENTITY')),
      )
      .map((added) => ({
        message: `Reads and writes on ${called(added.table)} block while every row is rewritten to number ${ident(added.column.colname)}.`,
        ...remedyOf(statement, added, context.targetVersion, migration),
      })),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN num SERIAL NOT NULL' },
    { given: 'CREATE TABLE visits (at date)', sql: 'ALTER TABLE visits ADD COLUMN id serial PRIMARY KEY' },
    {
      given: 'CREATE TABLE "Users" ("Id" uuid)',
      sql: 'ALTER TABLE "Users" ADD "Num" bigint GENERATED ALWAYS AS IDENTITY',
    },
  ],
  good: [
    { sql: `${users}; ALTER TABLE users ADD COLUMN num SERIAL NOT NULL` },
    {
      given: users,
      sql: 'CREATE SEQUENCE users_num_seq; ALTER TABLE users ADD COLUMN num int; ALTER SEQUENCE users_num_seq OWNED BY users.num',
    },
  ],
};

/** Includes the rest of the definition, such as PRIMARY KEY. */
function remedyOf(
  statement: Observed,
  added: NewColumn,
  targetVersion: number,
  migration: JudgedMigration,
): Pick<Problem, 'fix' | 'advice'> {
  const others = ['CONSTR_IDENTITY', 'CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_CHECK', 'CONSTR_FOREIGN'] as const;
  const sql = numbered(statement, added, targetVersion);
  if (!others.some((kind) => has(added.constraints, kind))) return { fix: sql };
  return { advice: `${writtenByFix(migration)}\n${sql}` };
}

const plainKey = { kind: 'PRIMARY KEY', include: [], nulls: '', deferrable: '' } as const;

function numbered(statement: Observed, { table, column, constraints }: NewColumn, targetVersion: number): string {
  const name = ident(column.colname);
  const alter = `ALTER TABLE ${sqlName(table)}`;
  const type = serialOf(column) ?? (statement.altered && columnOf(statement.altered, column.colname)?.type) ?? 'bigint';
  const sequence = `${ident(table.schema)}.${shortName(table.name, column.colname ?? '', 'seq')}`;
  const next = `nextval(${quoteLiteral(sequence)})`;
  const identity = constraints.find(({ contype }) => contype === 'CONSTR_IDENTITY');
  const when = identity?.generated_when === 'a' ? 'ALWAYS' : 'BY DEFAULT';
  return [
    ownMigrations,
    `CREATE SEQUENCE ${sequence} AS ${type};`,
    `${alter} ADD COLUMN ${name} ${type};\n${alter} ALTER COLUMN ${name} SET DEFAULT ${next};`,
    `ALTER SEQUENCE ${sequence} OWNED BY ${sqlName(table)}.${name};`,
    fillInBatches(table, name, next, { rounds: 'until none is left' }),
    ...setNotNull(table, column.colname ?? '', targetVersion),
    ...(identity
      ? [
          '-- In one transaction; <next> is the next value of the sequence:',
          `${alter} ALTER COLUMN ${name} DROP DEFAULT;\nDROP SEQUENCE ${sequence};`,
          `${alter} ALTER COLUMN ${name} ADD GENERATED ${when} AS IDENTITY (START WITH <next>);`,
        ]
      : []),
    ...(has(constraints, 'CONSTR_PRIMARY')
      ? [keyUsingIndex(table, { ...plainKey, name: `${table.name}_pkey`, columns: [column.colname ?? ''] })]
      : []),
  ].join('\n');
}
