import type { Observed } from '../../observe/observed.js';
import { blockedBy } from '../../observe/relation.js';
import type { Lock } from '../../observe/relation.js';
import type { Seconds, TableSize } from './types.js';
import type { Explanation, Refusal } from './explain.js';
import type { RowChange } from './row-changes.js';

/** The sizes and the pace of the live server, to estimate durations there. */
export interface Scale {
  readonly sizes: ReadonlyMap<string, TableSize>;
  /** How many times as long as usual it takes to read rows. */
  readonly pace: number;
}

/** A statement as observed on the copy, with the live database's estimates. */
export interface Weighed {
  readonly statement: Observed;
  readonly explained: Explanation | Refusal | undefined;
  readonly changes: readonly RowChange[];
  /** The work as a number of bytes read. It decides whether a wait is noticeable, and not the time. */
  readonly work: number;
  /** The duration; undefined if it is unknown. */
  readonly seconds: Seconds | undefined;
}

// Relative to reading a table once, as measured on several tables: rewriting every row, and sorting the rows.
const writeFactor = 8;
const buildFactor = 5;

/** The work of a statement that depends on the size of the tables, as a number of bytes read. */
export function workOf(
  { statement, explained, changes }: Pick<Weighed, 'statement' | 'explained' | 'changes'>,
  scale: Scale,
): number {
  const { rewrites, builds } = statement;
  const rewritten = new Set(rewrites.map(({ schema, name }) => `${schema}.${name}`));
  const bytesOf = (table: string): number => scale.sizes.get(table)?.bytes ?? 0;
  const scanned = scansOf(statement, explained).filter((table) => !rewritten.has(table));
  const built = builds.flatMap(({ table }) => statement.scans.find(({ oid }) => oid === table) ?? []);
  return (
    sum(rewrites.map((table) => workOfAllRows(sizeOf(table, scale)))) +
    sum(scanned.map(bytesOf)) +
    sum(
      built
        .map(({ schema, name }) => `${schema}.${name}`)
        .filter((table) => !rewritten.has(table))
        .map(bytesOf),
    ) *
      buildFactor +
    sum(changes.map((change) => workOfRows(change, scale))) +
    sum(insertsOf(explained).map(({ table, rows }) => rows * bytesOfRow(scale.sizes.get(table)) * writeFactor))
  );
}

/** The existing tables that it reads completely, each as `schema.name`. The plan of the live database is used if there is one. */
export function scansOf({ scans }: Observed, explained: Weighed['explained']): readonly string[] {
  if (explained && 'scans' in explained) return explained.scans;
  return scans.filter(({ isNew }) => !isNew).map(({ schema, name }) => `${schema}.${name}`);
}

/** If the number of rows is unknown, it may be all of them. */
function workOfRows({ table, rows }: RowChange, scale: Scale): number {
  const size = sizeOf(table, scale);
  if (typeof rows !== 'number') return workOfAllRows(size);
  if (!size?.rows) return rows * bytesOfRow(size) * writeFactor;
  return Math.min(1, rows / size.rows) * workOfAllRows(size);
}

function workOfAllRows(size: TableSize | undefined): number {
  return (size?.bytes ?? 0) * writeFactor + (size?.indexBytes ?? 0) * buildFactor;
}

function insertsOf(explained: Weighed['explained']): Explanation['changes'] {
  return explained && 'changes' in explained ? explained.changes.filter(({ existing }) => !existing) : [];
}

function bytesOfRow(size: TableSize | undefined): number {
  const usual = 100;
  return Math.max(usual, size?.rows ? size.bytes / size.rows : 0);
}

export function sizeOf(
  { schema, name }: { readonly schema: string; readonly name: string },
  { sizes }: Scale,
): TableSize | undefined {
  return sizes.get(`${schema}.${name}`);
}

/** The locks that block reads or writes on a table. */
export function blocking(locks: readonly Lock[]): readonly Lock[] {
  return locks.filter(({ mode, relation }) => {
    const who = blockedBy(mode);
    return !['index', 'sequence', 'other'].includes(relation.kind) && (who === 'writes' || who === 'reads and writes');
  });
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
