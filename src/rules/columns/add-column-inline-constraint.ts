import type { ConstraintFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { called, columnOf, ident, identList, sqlName } from '../look.js';
import type { NewColumn } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { failsOnRows, has } from './added.js';
import { addedColumns } from './batch.js';
import { indexesBuilt, isRewritten, isScanned } from './effects.js';
import { ownMigrations } from '../recipes.js';

const users = 'CREATE TABLE orgs (id int PRIMARY KEY); CREATE TABLE users (id int PRIMARY KEY, email text)';

export const addColumnInlineConstraint: Rule = {
  name: 'add-column-inline-constraint',
  severity: 'error',
  title: 'A constraint within ADD COLUMN is built or checked while reads and writes block.',
  why: 'ADD COLUMN holds ACCESS EXCLUSIVE, and its constraints are processed under that lock: UNIQUE builds an index, CHECK scans the whole table, and so does REFERENCES if the column has a default (without one, every value is NULL, so there is nothing to check). Reads and writes block meanwhile. As a separate statement, each of these constraints can be added without blocking reads or writes. If the statement rewrites the table anyway, the rule about the rewrite reports it.',
  check: eachStatement((statement, _migration, context) =>
    addedColumns(statement, context)
      .filter(({ table, column, constraints }) => !isRewritten(statement, table) && !failsOnRows(column, constraints))
      .flatMap((added) => {
        const work = workOf(statement, added);
        if (work === undefined) return [];
        return [
          {
            message: `Reads and writes on ${called(added.table)} block while ${work}.`,
            fix: fixOf(statement, added),
          },
        ];
      }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN name text UNIQUE' },
    { given: users, sql: 'ALTER TABLE users ADD COLUMN "Age" int CONSTRAINT grown CHECK ("Age" > 17)' },
    { given: users, sql: 'ALTER TABLE public.users ADD COLUMN org int NOT NULL DEFAULT 1 REFERENCES orgs (id)' },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN name text, ADD COLUMN org int' },
    { sql: `${users}; ALTER TABLE users ADD COLUMN name text UNIQUE CHECK (name <> '')` },
    { given: users, sql: 'ALTER TABLE users ADD COLUMN org int REFERENCES orgs (id)' },
  ],
};

function workOf(statement: Observed, { table, constraints }: NewColumn): string | undefined {
  const builds = indexesBuilt(statement, table).length > 0 && has(constraints, 'CONSTR_UNIQUE', 'CONSTR_PRIMARY');
  if (builds) return 'an index is built';
  if (!isScanned(statement, table)) return undefined;
  if (has(constraints, 'CONSTR_CHECK')) return 'every row is checked';
  const refers = has(constraints, 'CONSTR_FOREIGN') && has(constraints, 'CONSTR_DEFAULT');
  return refers ? 'the foreign key is checked for every row' : undefined;
}

function fixOf(statement: Observed, { table, column, constraints }: NewColumn): string {
  const is = statement.altered && columnOf(statement.altered, column.colname);
  const fallback = is?.default ? ` DEFAULT ${is.default}` : '';
  const notNull = has(constraints, 'CONSTR_NOTNULL') ? ' NOT NULL' : '';
  const known = new Set(table.constraints.map(({ name }) => name));
  const added = (statement.altered?.constraints ?? []).filter(
    ({ name, columns }) => !known.has(name) && columns.includes(column.colname ?? ''),
  );
  return [
    ownMigrations,
    `ALTER TABLE ${sqlName(table)} ADD COLUMN ${ident(column.colname)} ${is?.type ?? '…'}${notNull}${fallback};`,
    ...added.flatMap((constraint) => online(sqlName(table), constraint)),
  ].join('\n');
}

function online(table: string, { name, type, definition, columns }: ConstraintFacts): readonly string[] {
  const add = `ALTER TABLE ${table} ADD CONSTRAINT ${ident(name)}`;
  if (type === 'check' || type === 'foreign key')
    return [`${add} ${definition} NOT VALID;`, `ALTER TABLE ${table} VALIDATE CONSTRAINT ${ident(name)};`];
  if (type !== 'unique' && type !== 'primary key') return [];
  const kind = type === 'unique' ? 'UNIQUE' : 'PRIMARY KEY';
  return [
    '-- Without a transaction:',
    `CREATE UNIQUE INDEX CONCURRENTLY ${ident(name)} ON ${table} (${identList(columns)});`,
    `${add} ${kind} USING INDEX ${ident(name)};`,
  ];
}
