import { nameOf } from '../../observe/catalog.js';
import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, identList, sqlName, tableInUse } from '../look.js';
import type { TableFacts } from '../../observe/catalog.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email varchar(50))';

export const statisticsMissing: Rule = {
  name: 'statistics-missing',
  severity: 'notice',
  optional: true,
  title: 'The planner is left without statistics for a column or an expression.',
  why: 'Changing the type of a column discards its statistics, even if no row is rewritten, and a new index over an expression has none. Until the next ANALYZE, the planner uses default estimates. Autovacuum analyzes a table only after a tenth of its rows have changed, which may never happen on a quiet table. ANALYZE does not block.',
  check: eachStatement((statement, _migration, { batch }) => {
    const found = withoutStatistics(statement);
    if (!found || isAnalyzed(found.table, statement, batch)) return;
    const columns = found.columns.length > 0 ? ` (${identList(found.columns)})` : '';
    return [
      {
        message: `Queries on ${called(found.table)} are planned without statistics for ${found.what} until the next ANALYZE.`,
        advice: `-- After this statement:\nANALYZE ${sqlName(found.table)}${columns};`,
      },
    ];
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email TYPE varchar(100)' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int, "Code" text)',
      sql: 'CREATE INDEX CONCURRENTLY i ON shop."Order" (lower("Code"))',
      transaction: false,
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email TYPE varchar(100); ANALYZE users (email)' },
    { given: users, sql: ['ALTER TABLE users ALTER COLUMN email TYPE text', 'ANALYZE'] },
    { given: users, sql: 'CREATE INDEX CONCURRENTLY i ON users (email)', transaction: false },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN email TYPE text` },
  ],
};

interface Unknown {
  readonly table: TableFacts;
  readonly what: string;
  readonly columns: readonly string[];
}

function withoutStatistics(statement: Observed): Unknown | undefined {
  const create = nodeOf(statement.tree, 'IndexStmt');
  const table = tableInUse(statement, create?.relation);
  const isExpression = create?.indexParams?.some((node) => nodeOf(node, 'IndexElem')?.expr !== undefined);
  if (table && isExpression) return { table, what: 'the indexed expression', columns: [] };
  const changed = alterations(statement, 'AT_AlterColumnType');
  const columns = changed.map(({ command }) => command.name ?? '');
  const [first] = changed;
  return first && { table: first.table, what: columns.join(', '), columns };
}

/** Whether a later statement of the batch analyzes this table or all tables. */
function isAnalyzed(table: TableFacts, statement: Observed, batch: readonly JudgedMigration[]): boolean {
  const statements = batch.flatMap((migration) => migration.statements);
  return statements.slice(statements.indexOf(statement) + 1).some(({ tree, tables }) => {
    const vacuum = nodeOf(tree, 'VacuumStmt');
    if (!vacuum) return false;
    if (vacuum.is_vacuumcmd && !JSON.stringify(vacuum.options ?? []).includes('"analyze"')) return false;
    const ranges = (vacuum.rels ?? []).flatMap((node) => nodeOf(node, 'VacuumRelation')?.relation ?? []);
    return ranges.length === 0 || ranges.some((range) => tables.get(nameOf(range))?.oid === table.oid);
  });
}
