import type { DeleteStmt, InsertStmt, MergeStmt, UpdateStmt } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf, tagOf } from '../../observe/parser.js';
import type { Relation } from '../../observe/relation.js';
import { isMereCast } from '../../rules/columns/retype.js';
import { tableInUse } from '../../rules/look.js';
import { classify } from '../../sql/index.js';
import type { TableSize } from './types.js';
import type { Explanation, Refusal } from './explain.js';

/** Rows of an existing table that a statement changes: other writers of these rows wait until its transaction ends. */
export interface RowChange {
  readonly table: Pick<TableFacts, 'oid' | 'schema' | 'name'>;
  /** The approximate number, or why it is unknown. */
  readonly rows: number | 'all' | { readonly unknownBecause: string };
}

/**
 * Follows which rows the statements of a run change, in order: the estimates of the live database are about its present rows, not about the
 * rows after earlier statements of the run.
 */
export class RowChanges {
  /** For each table by its OID, the number of rows that have changed so far; undefined if it is unknown. */
  readonly #sofar = new Map<number, number | undefined>();

  constructor(private readonly sizes: ReadonlyMap<string, TableSize>) {}

  next(statement: Observed, explained: Explanation | Refusal | undefined): readonly RowChange[] {
    const written = writtenOut(statement);
    const changes = [
      ...written.flatMap(({ table, isWhole }) => this.#change(table, isWhole, statement, explained)),
      ...hiddenIn(statement).map((table) => ({
        table,
        rows: { unknownBecause: 'a block or a function changes them' },
      })),
    ];
    for (const { table, rows } of changes)
      this.#add(table.oid, rows === 'all' ? Infinity : typeof rows === 'number' ? rows : undefined);
    for (const { table } of inserts(statement)) {
      const inserted = explained && 'changes' in explained ? rowsOf(explained, table, false) : undefined;
      this.#add(table.oid, inserted);
    }
    return changes;
  }

  #change(
    table: TableFacts,
    isWhole: boolean,
    statement: Observed,
    explained: Explanation | Refusal | undefined,
  ): readonly RowChange[] {
    const name = `${table.schema}.${table.name}`;
    const size = this.sizes.get(name);
    // The shadow contains TypeORM's metadata table, which the live database may lack.
    if (size === undefined) return [];
    if (isWhole) return [{ table, rows: 'all' }];
    const rows = this.#estimate(table, size, statement, explained);
    return [{ table, rows: typeof rows === 'string' ? { unknownBecause: rows } : rows }];
  }

  #estimate(
    table: TableFacts,
    size: TableSize,
    statement: Observed,
    explained: Explanation | Refusal | undefined,
  ): number | string {
    if (explained === undefined) return 'the statement cannot be explained';
    if ('refused' in explained) return `the database cannot plan it yet: ${explained.refused}`;
    const rows = rowsOf(explained, table, true);
    if (rows === undefined) return `${size.table} is a different table on the shadow`;
    if (!size.analysed) return `${size.table} has never been analyzed`;
    const earlier = [...statement.tables.values()].filter(({ oid }) => this.#sofar.has(oid));
    const changed = earlier.find(({ oid }) => oid !== table.oid || this.#sofar.get(oid) === undefined);
    if (changed) return `earlier statements change rows of ${changed.schema}.${changed.name}`;
    return Math.min(size.rows ?? rows, rows + (this.#sofar.get(table.oid) ?? 0));
  }

  #add(oid: number, rows: number | undefined): void {
    const sofar = this.#sofar.has(oid) ? this.#sofar.get(oid) : 0;
    this.#sofar.set(oid, rows === undefined || sofar === undefined ? undefined : sofar + rows);
  }
}

function rowsOf(
  { changes }: Explanation,
  { schema, name }: Pick<TableFacts, 'schema' | 'name'>,
  existing: boolean,
): number | undefined {
  const own = changes.filter((one) => one.table === `${schema}.${name}` && one.existing === existing);
  return own.length === 0 ? undefined : own.reduce((total, { rows }) => total + rows, 0);
}

/** The changes of existing rows, at any depth of the statement. */
function writtenOut(statement: Observed): readonly { readonly table: TableFacts; readonly isWhole: boolean }[] {
  const { tree } = statement;
  const found = (
    { relation }: Pick<UpdateStmt | DeleteStmt | MergeStmt | InsertStmt, 'relation'>,
    isWhole: boolean,
  ): readonly { readonly table: TableFacts; readonly isWhole: boolean }[] => {
    const table = tableInUse(statement, relation);
    return table ? [{ table, isWhole }] : [];
  };
  return [
    ...[...nodesOf(tree, 'UpdateStmt')].flatMap((one) => found(one, !one.whereClause && !one.fromClause?.length)),
    ...[...nodesOf(tree, 'DeleteStmt')].flatMap((one) => found(one, !one.whereClause && !one.usingClause?.length)),
    ...[...nodesOf(tree, 'MergeStmt')].flatMap((one) => found(one, false)),
    ...[...nodesOf(tree, 'InsertStmt')]
      .filter(({ onConflictClause }) => onConflictClause?.action === 'ONCONFLICT_UPDATE')
      .flatMap((one) => found(one, false)),
  ];
}

function inserts(statement: Observed): readonly { readonly table: TableFacts }[] {
  return [...nodesOf(statement.tree, 'InsertStmt')].flatMap(({ relation }) => {
    const table = tableInUse(statement, relation);
    return table ? [{ table }] : [];
  });
}

/**
 * The tables that a block or a function has changed, recognised by its locks. A block that commits works in batches, and other sessions
 * wait only briefly for each.
 */
export function hiddenIn(statement: Observed): readonly Relation[] {
  const { tree, locks, held, scans } = statement;
  if (!tree || !['DoStmt', 'CallStmt', 'SelectStmt'].includes(tagOf(tree)) || endsTransactions(statement)) return [];
  const written = new Set(writtenOut(statement).map(({ table }) => table.oid));
  const scanned = new Set(scans.map(({ oid }) => oid));
  return [...locks, ...held.filter(({ relation }) => scanned.has(relation.oid))]
    .filter(({ mode, relation }) => mode === 'ROW EXCLUSIVE' && isTable(relation) && !written.has(relation.oid))
    .map(({ relation }) => relation);
}

function isTable({ kind, isNew }: Relation): boolean {
  return !isNew && (kind === 'table' || kind === 'partitioned table');
}

/** Whether the statement may have changed rows of that table. */
export function mayChangeRows(statement: Observed, oid: number, columns: readonly string[]): boolean {
  const { tree, locks } = statement;
  if (!tree) return true;
  const tag = tagOf(tree);
  if (tag === 'DoStmt' || tag === 'CallStmt') return true;
  const own = locks.filter(({ relation }) => relation.oid === oid);
  if (tag === 'TruncateStmt') return own.length > 0;
  if (nodeOf(tree, 'AlterTableStmt')) return own.length > 0 && convertsValues(statement);
  if (!own.some(({ mode }) => mode === 'ROW EXCLUSIVE')) return false;
  const targets = nodeOf(tree, 'UpdateStmt')?.targetList;
  if (!targets || columns.length === 0) return true;
  return targets.some((target) => columns.includes(nodeOf(target, 'ResTarget')?.name ?? ''));
}

/** `ALTER COLUMN … TYPE … USING …`, unless the expression is a mere cast to the type. */
function convertsValues({ tree }: Observed): boolean {
  return [...nodesOf(tree, 'AlterTableCmd')].some(({ subtype, def }) => {
    const using = subtype === 'AT_AlterColumnType' ? nodeOf(def, 'ColumnDef')?.raw_default : undefined;
    return using !== undefined && !isMereCast(using);
  });
}

/** A block that commits does its work in batches. */
export function endsTransactions({ sql }: Observed): boolean {
  return classify(sql).some(({ command, runsAlone }) => command === 'DO' && runsAlone === 'always');
}
