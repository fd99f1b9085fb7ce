import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf } from '../../observe/parser.js';
import { isConcurrent } from '../../rules/indexes/concurrent.js';
import { scansOf, sizeOf, sum } from './estimate.js';
import type { Scale, Weighed } from './estimate.js';
import type { Seconds, TableSize } from './types.js';

/** Microseconds for each row and each byte on a server of pace 1, as measured by test/plan/durations.ts. */
const costs = {
  scan: { row: 0.1, byte: 0.0007 },
  /** Writes each row to a new file and to the WAL. */
  rewrite: { row: 1, byte: 0.006 },
  /** Writes a new version of an existing row, with an entry in every index. */
  update: { row: 3, byte: 0.01, index: 1.5 },
  delete: { row: 0.6, byte: 0.001 },
  /** Looks up the row in the index of another table. */
  reference: { row: 0.8, byte: 0 },
  insert: { row: 2, byte: 0.01, index: 1.5 },
  /** For each row, multiplied by the binary logarithm of the number of rows. */
  sort: { number: 0.035, text: 0.08 },
  statement: 500,
} as const;

/** In nine of ten cases, the true duration is within this factor of the estimate. */
const spread = 3;

/** The duration of a statement; undefined if it is unknown. */
export function durationOf(
  { statement, explained, changes }: Pick<Weighed, 'statement' | 'explained' | 'changes'>,
  scale: Scale,
): Seconds | undefined {
  // The number of rows that a block changes is unknown, because the copy has no rows.
  if (nodeOf(statement.tree, 'DoStmt') || nodeOf(statement.tree, 'CallStmt')) return undefined;
  const rewritten = new Set(statement.rewrites.map(nameOf));
  const scanned = scansOf(statement, explained).filter((table) => !rewritten.has(table));
  const parts = [
    ...statement.rewrites.map((table) => perRow(sizeOf(table, scale), costs.rewrite)),
    ...scanned.map((table) => perRow(scale.sizes.get(table), costs.scan)),
    ...indexesBuilt(statement, scale),
    ...(isReferring(statement) ? scanned.map((table) => perRow(scale.sizes.get(table), costs.reference)) : []),
    ...changes.map(({ table, rows }) => {
      const size = sizeOf(table, scale);
      const count = rows === 'all' ? size?.rows : typeof rows === 'number' ? rows : undefined;
      const cost = nodeOf(statement.tree, 'DeleteStmt') ? costs.delete : withIndexes(costs.update, statement, table);
      return count === undefined || count === null ? undefined : perRow(size, cost, count);
    }),
    ...(explained && 'changes' in explained ? explained.changes : [])
      .filter(({ existing }) => !existing)
      .map(({ table, rows }) => perRow(scale.sizes.get(table), costs.insert, rows)),
  ];
  if (parts.some((part) => part === undefined)) return undefined;
  return around(((sum(parts.map((part) => part ?? 0)) + costs.statement) / 1e6) * scale.pace);
}

/** Rounds a duration to one of a few intervals, so that the same plan gives the same result twice. */
function around(seconds: number): Seconds {
  const step = 10 ** (Math.round(Math.log10(seconds) * 4) / 4);
  return { from: rounded(step / spread), to: rounded(step * spread) };
}

function rounded(seconds: number): number {
  return Number(seconds.toPrecision(2));
}

export function together(all: readonly (Seconds | undefined)[]): Seconds | undefined {
  const known = all.filter((one) => one !== undefined);
  if (known.length < all.length) return undefined;
  return { from: rounded(sum(known.map(({ from }) => from))), to: rounded(sum(known.map(({ to }) => to))) };
}

interface Cost {
  readonly row: number;
  readonly byte: number;
}

function perRow(size: TableSize | undefined, { row, byte }: Cost, rows = size?.rows ?? undefined): number | undefined {
  // A table that this run creates has no rows yet.
  if (size === undefined) return 0;
  if (rows === undefined) return size.bytes < 1e6 ? 0 : undefined;
  const bytes = size.rows ? size.bytes * Math.min(1, rows / size.rows) : rows * 100;
  return rows * row + bytes * byte;
}

function indexesBuilt(statement: Observed, scale: Scale): readonly (number | undefined)[] {
  const passes = isConcurrent(statement.tree) ? 1.4 : 1;
  return statement.builds.map(({ table, name }) => {
    const on = [...statement.rewrites, ...statement.scans].find(({ oid }) => oid === table);
    const facts = [...statement.tables.values()].find(({ oid }) => oid === table);
    const of = on ?? facts;
    const size = of && sizeOf(of, scale);
    if (size === undefined) return 0;
    if (size.rows === null) return undefined;
    const isText = sortsText(statement, name);
    return passes * size.rows * Math.log2(size.rows + 2) * (isText ? costs.sort.text : costs.sort.number);
  });
}

/** Sorting texts is slower, because they are compared by the rules of their collation. */
function sortsText(statement: Observed, index: string): boolean {
  const facts = [...statement.tables.values(), ...(statement.altered ? [statement.altered] : [])];
  const known = facts.flatMap(({ indexes }) => indexes).find(({ name }) => name === index)?.columns;
  const named = [...nodesOf(statement.tree, 'IndexElem')].flatMap(({ name }) => name ?? []);
  const [first] = known ?? named;
  const type = facts.flatMap(({ columns }) => columns).find(({ name }) => name === first)?.type;
  return type === undefined || /^(?:text|character|citext|name)/.test(type);
}

function isReferring({ tree }: Observed): boolean {
  return [...nodesOf(tree, 'Constraint')].some(({ contype }) => contype === 'CONSTR_FOREIGN');
}

function withIndexes(cost: typeof costs.update, { tables }: Observed, { oid }: { readonly oid: number }): Cost {
  const indexes = [...tables.values()].find((table) => table.oid === oid)?.indexes.length ?? 0;
  return { row: cost.row + indexes * cost.index, byte: cost.byte };
}

function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

/** The pace: how many times as long as on a server of pace 1 reading these rows has taken. */
export function paceOf(seconds: number, rows: number, bytes: number): number {
  const usual = (rows * costs.scan.row + bytes * costs.scan.byte) / 1e6;
  return Math.min(10, Math.max(0.2, seconds / usual));
}
