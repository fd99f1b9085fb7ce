import type { PublicationFacts, TableFacts } from '../../observe/catalog.js';
import { nodeOf, textsOf } from '../../observe/parser.js';
import { renamingsOf } from '../columns/batch.js';
import { alterations, called, newColumns, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Problem, Rule } from '../rule.js';
import { sqlTokens, plainName } from '../../sql/index.js';

const orders =
  'CREATE TABLE orders (id int PRIMARY KEY, total int, note text); CREATE PUBLICATION pub FOR TABLE orders';
const some =
  'CREATE TABLE orders (id int PRIMARY KEY, total int, note text); CREATE PUBLICATION pub FOR TABLE orders (id, total) WHERE (id > 0)';

export const publishedTableChanged: Rule = {
  name: 'published-table-changed',
  severity: 'notice',
  inPlan: 'remark',
  title: 'A published table is changed, and the change is not replicated to its subscribers.',
  why: 'Logical replication sends rows, not schema changes. A subscriber that lacks a column, or still has its old name, stops at the first row. So add columns, rename them and change their types on the subscribers first, and drop columns there last. The column list and the row filter of a publication follow a rename; a column that they use can be dropped only with CASCADE, which removes the table from the publication. On a subscriber, replicated rows fire only triggers that are ENABLE REPLICA or ENABLE ALWAYS. `lint` knows the publications from the migrations and the setting initialState; `plan` reads those of the live database.',
  explains: ['2BP01'],
  check: eachStatement((statement) => [
    ...newColumns(statement).flatMap(({ table, column }) =>
      published(table, (publication) =>
        publication.columns === null
          ? `${publication.name} also sends ${column.colname ?? ''} of ${called(table)}: a subscriber without that column stops at the first row.`
          : `${publication.name} sends only certain columns of ${called(table)}: ${column.colname ?? ''} is not among them.`,
      ),
    ),
    ...renamingsOf(statement).flatMap(({ table: { oid }, from, to }) =>
      published(factsBy(oid, statement.tables), (publication, table) =>
        isSent(publication, from)
          ? `${publication.name} sends ${from} of ${called(table)} as ${to} from now on${names(publication, from) ? ', since its column list or row filter follows the rename' : ''}: a subscriber that still uses the old name stops at the first row.`
          : undefined,
      ),
    ),
    ...alterations(statement, 'AT_AlterColumnType').flatMap(({ table, command: { name = '' } }) =>
      published(table, (publication) =>
        isSent(publication, name)
          ? `${publication.name} sends ${name} of ${called(table)} with its new type: a subscriber whose column type rejects a value stops at that row.`
          : undefined,
      ),
    ),
    ...alterations(statement, 'AT_DropColumn').flatMap(({ table, command: { name = '', behavior } }) =>
      published(table, (publication) =>
        names(publication, name)
          ? behavior === 'DROP_CASCADE'
            ? `${publication.name} uses ${name} of ${called(table)}: CASCADE removes the whole table from the publication, and subscribers no longer receive its rows.`
            : `The server refuses this statement: ${publication.name} uses ${name} of ${called(table)}.`
          : isSent(publication, name)
            ? `${publication.name} no longer sends ${name} of ${called(table)}: a subscriber where it is NOT NULL without a default stops at the first row.`
            : undefined,
      ),
    ),
    ...triggerOn(statement),
  ]),
  bad: [
    { given: orders, sql: 'ALTER TABLE orders ADD COLUMN paid date' },
    { given: orders, sql: 'ALTER TABLE orders RENAME COLUMN note TO remark', phase: 'contract' },
    { given: some, sql: 'ALTER TABLE orders DROP COLUMN total CASCADE', phase: 'contract' },
    { given: some, sql: 'ALTER TABLE orders DROP COLUMN total', phase: 'contract', fails: true },
    {
      given: `${orders}; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
      sql: 'CREATE TRIGGER f BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()',
    },
  ],
  good: [
    { given: some, sql: 'ALTER TABLE orders DROP COLUMN note', phase: 'contract' },
    { given: orders, sql: 'CREATE INDEX CONCURRENTLY i ON orders (total)', transaction: false },
    {
      given:
        'CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY); CREATE PUBLICATION pub FOR TABLE other',
      sql: 'ALTER TABLE orders ADD COLUMN paid date',
    },
  ],
};

function published(
  table: TableFacts | undefined,
  says: (publication: PublicationFacts, table: TableFacts) => string | undefined,
): readonly Omit<Problem, 'statement'>[] {
  return (table?.published ?? []).flatMap((publication) => {
    const message = table && says(publication, table);
    return message === undefined ? [] : [{ message }];
  });
}

function isSent({ columns }: PublicationFacts, column: string): boolean {
  return columns === null || columns.includes(column);
}

/** Whether the column is in the publication's column list or row filter. */
function names({ columns, filter }: PublicationFacts, column: string): boolean {
  const inFilter = [...sqlTokens(filter ?? '')].some(
    ({ kind, text }) => (kind === 'word' || kind === 'name') && plainName(text) === column,
  );
  return inFilter || columns?.includes(column) === true;
}

function factsBy(oid: number, tables: ReadonlyMap<string, TableFacts>): TableFacts | undefined {
  return [...tables.values()].find((table) => table.oid === oid && !table.isNew);
}

function triggerOn(statement: Parameters<typeof newColumns>[0]): readonly Omit<Problem, 'statement'>[] {
  const create = nodeOf(statement.tree, 'CreateTrigStmt');
  return published(
    tableInUse(statement, create?.relation),
    ({ name }, table) =>
      `On a subscriber, rows of ${called(table)} replicated by ${name} do not fire ${create?.trigname ?? ''}, so ${textsOf(create?.funcname).join('.')}() does not run there, unless the trigger is ENABLE REPLICA or ENABLE ALWAYS.`,
  );
}
