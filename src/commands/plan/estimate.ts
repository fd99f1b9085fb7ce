import type { Observed } from '../../observe/observer.js';
import { blockedBy } from '../../observe/relation.js';
import type { Lock, Relation } from '../../observe/relation.js';
import type { TableSize } from './contract.js';

/** Sizes and speed of the live server, to say how long work takes there. */
export interface Scale {
  readonly sizes: ReadonlyMap<string, TableSize>;
  /** Bytes of a table read in a second. */
  readonly speed: number;
}

// Beside reading a table once, as measured on several tables: what writes every row anew, and what sorts them.
const rewriteFactor = 8;
const buildFactor = 5;

/** About how long a statement works, because the tables are as large as they are. */
export function secondsOf(
  { scans, rewrites, builds }: Observed,
  scale: Scale,
  explainedRows: number | undefined,
): number {
  const read = (bytes: number): number => bytes / scale.speed;
  const rewritten = new Set(rewrites.map(({ oid }) => oid));
  const scanned = scans.filter(({ oid, isNew }) => !isNew && !rewritten.has(oid));
  const built = builds.filter(({ table }) => table !== undefined && !rewritten.has(table));
  const ofTable = (relation: Relation): number => sizeOf(relation, scale)?.bytes ?? 0;
  const seconds =
    sum(scanned.map((relation) => read(ofTable(relation)))) +
    sum(
      rewrites.map(
        (relation) =>
          read(ofTable(relation)) * rewriteFactor + read(sizeOf(relation, scale)?.indexBytes ?? 0) * buildFactor,
      ),
    ) +
    sum(built.map((index) => read(bytesOfTableOf(index, scanned, scale)) * buildFactor));
  // A row that is changed costs about ten microseconds with its indexes.
  return seconds + (explainedRows ?? 0) * 1e-5;
}

/** An index is built from its table, which was scanned for it. */
function bytesOfTableOf({ table }: Relation, scanned: readonly Relation[], scale: Scale): number {
  const found = scanned.find(({ oid }) => oid === table);
  return found ? (sizeOf(found, scale)?.bytes ?? 0) : 0;
}

export function sizeOf({ schema, name }: Relation, { sizes }: Scale): TableSize | undefined {
  return sizes.get(`${schema}.${name}`);
}

/** The locks that keep readers or writers of a table waiting. */
export function blocking(locks: readonly Lock[]): readonly Lock[] {
  return locks.filter(({ mode, relation }) => {
    const who = blockedBy(mode);
    return !['index', 'sequence', 'other'].includes(relation.kind) && (who === 'writes' || who === 'reads and writes');
  });
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
