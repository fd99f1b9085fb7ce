import type { Observed } from '../../observe/observer.js';
import { tagOf } from '../../observe/parser.js';
import { blockedBy } from '../../observe/relation.js';
import type { Lock, Relation } from '../../observe/relation.js';
import type { PlannedStatement, TableSize } from './contract.js';

/** Sizes and speed of the live server, to say how long work takes there. */
export interface Scale {
  readonly sizes: ReadonlyMap<string, TableSize>;
  /** Bytes of a table read in a second. */
  readonly speed: number;
}

// Beside reading a table once, as measured on several tables: what writes every row anew, and what sorts them.
const writeFactor = 8;
const buildFactor = 5;

/** How much a statement has to do because the tables are as large as they are: as if so many bytes were read. */
export function workOf(
  { scans, rewrites, builds, tree }: Observed,
  scale: Scale,
  explained: PlannedStatement['explained'],
): number {
  const rewritten = new Set(rewrites.map(({ oid }) => oid));
  const scanned = scans.filter(({ oid, isNew }) => !isNew && !rewritten.has(oid));
  const built = builds.filter(({ table }) => table !== undefined && !rewritten.has(table));
  const changesRows = tree !== undefined && ['UpdateStmt', 'DeleteStmt'].includes(tagOf(tree));
  return (
    sum(rewrites.map((table) => bytesOf(table, scale) * writeFactor + indexBytesOf(table, scale) * buildFactor)) +
    sum(scanned.map((table) => bytesOf(table, scale) * (changesRows && !explained ? writeFactor : 1))) +
    sum(
      built.map(
        ({ table }) => sum(scanned.filter(({ oid }) => oid === table).map((one) => bytesOf(one, scale))) * buildFactor,
      ),
    ) +
    (explained?.rows ?? 0) * bytesOfRow(scanned, scale) * writeFactor
  );
}

function bytesOfRow(scanned: readonly Relation[], scale: Scale): number {
  const sizes = scanned.flatMap((table) => sizeOf(table, scale) ?? []);
  const usual = 100;
  return Math.max(usual, ...sizes.map(({ bytes, rows }) => (rows ? bytes / rows : 0)));
}

function bytesOf(table: Relation, scale: Scale): number {
  return sizeOf(table, scale)?.bytes ?? 0;
}

function indexBytesOf(table: Relation, scale: Scale): number {
  return sizeOf(table, scale)?.indexBytes ?? 0;
}

function sizeOf({ schema, name }: Relation, { sizes }: Scale): TableSize | undefined {
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
