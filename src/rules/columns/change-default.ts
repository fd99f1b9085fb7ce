import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, columnOf } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';
import { after, before, isNewColumn } from './batch.js';

const orders = `CREATE TABLE orders (id int PRIMARY KEY, state text DEFAULT 'new')`;

export const changeDefault: Rule = {
  name: 'change-default',
  severity: 'notice',
  title: 'The old version of the app also writes the new default.',
  why: 'SET DEFAULT takes effect immediately and does not change existing rows. But from then on, an INSERT that omits the column gets the new default, including one from the old version of the app, which may not know that value. If a default is dropped, see drop-needed-default.',
  check: eachStatement((statement, migration, context) => {
    if (migration.phase === 'contract') return [];
    return alterations(statement, 'AT_ColumnDefault').flatMap(({ table, command }) => {
      const name = command.name ?? '';
      const is = statement.altered && columnOf(statement.altered, name)?.default;
      const was = defaultBefore(statement, migration, table, name);
      const isLast = !after(statement, migration).some((later) => setsDefault(later, table, name));
      if (!isLast || !was || !is || plain(was) === plain(is)) return [];
      if (isNewColumn(table, name, statement, context)) return [];
      return [
        {
          message: `Rows that the old version of the app inserts without ${called(table)}.${name} get ${is} instead of ${was}.`,
        },
      ];
    });
  }),
  bad: [
    { given: orders, sql: `ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'` },
    {
      given: 'CREATE TABLE "Orders" ("N" int DEFAULT 1)',
      sql: 'ALTER TABLE public."Orders" ALTER "N" DROP DEFAULT; ALTER TABLE ONLY "Orders" ALTER "N" SET DEFAULT 2',
    },
  ],
  good: [
    { given: orders, sql: `ALTER TABLE orders ALTER id SET DEFAULT 1` },
    {
      given: orders,
      sql: `ALTER TABLE orders ALTER state DROP DEFAULT; ALTER TABLE orders ALTER state TYPE varchar; ALTER TABLE orders ALTER state SET DEFAULT 'new'`,
    },
    { given: 'CREATE TABLE orders (n int DEFAULT 1)', sql: `ALTER TABLE orders ALTER n SET DEFAULT '1'::bigint` },
    { sql: `${orders}; ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'` },
  ],
};

/** The column before the migration changed it. */
function defaultBefore(
  statement: Observed,
  migration: JudgedMigration,
  table: TableFacts,
  column: string,
): string | null | undefined {
  const first = [...before(statement, migration), statement].find((one) => setsDefault(one, table, column));
  const facts = first && alterations(first, 'AT_ColumnDefault').find((one) => one.table.oid === table.oid)?.table;
  return facts && columnOf(facts, column)?.default;
}

function setsDefault(statement: Observed, { oid }: TableFacts, column: string): boolean {
  return alterations(statement, 'AT_ColumnDefault').some(
    ({ table, command }) => table.oid === oid && command.name === column,
  );
}

/** The same value with another type, or another sequence, counts as the same default. */
function plain(value: string): string {
  const untyped = value
    .replace(/nextval\(.*\)/s, 'nextval()')
    .replace(/::(?:"[^"]*"|[\w .])+(?:\(\d+\))?(?:\[\])?/g, '');
  return /^'[^']*'$/.test(untyped) ? untyped.slice(1, -1) : untyped;
}
