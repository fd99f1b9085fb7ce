import { describeObject, objectId } from './object-id.js';
import type { ObjectId } from './object-id.js';

/** Every object of a database with its definition, as PostgreSQL writes it. */
export type Fingerprint = ReadonlyMap<string, FingerprintRow>;

export interface FingerprintRow {
  /** The OID of its relation: '0' for none; null if it is read each time. */
  readonly relation: string | null;
  readonly kind: string;
  readonly schema: string | null;
  readonly table: string | null;
  readonly name: string;
  readonly is: string;
  /** The table with which it exists. */
  readonly of: string | null;
}

export function fingerprintOf(rows: readonly FingerprintRow[] | null): Fingerprint {
  return new Map((rows ?? []).map((row) => [keyOf(row), row]));
}

/** The fingerprint after rereading everything that belongs to these relations. */
export function withReread(was: Fingerprint, relations: readonly string[], found: Fingerprint): Fingerprint {
  const reread = new Set<string | null>([...relations, null]);
  return new Map([...[...was].filter(([, { relation }]) => !reread.has(relation)), ...found]);
}

/** What is otherwise than it was, in words; nothing when the two are the same. An extension may stay: others may use it. */
export function differences(was: Fingerprint, is: Fingerprint): readonly string[] {
  const gone = [...was].filter(([key, row]) => !is.has(key) && row.kind !== 'extension');
  const added = [...is].filter(([key, row]) => !was.has(key) && row.kind !== 'extension');
  const changed = [...is].filter(([key, row]) => was.has(key) && was.get(key)?.is !== row.is);
  return [
    ...withoutParts(inOrder(gone)).map((row) => `${describeObject(idOf(row))} is missing`),
    ...withoutParts(inOrder(added)).map((row) => `${describeObject(idOf(row))} exists, but did not before`),
    ...inOrder(changed).map((row) => describeChange(row, was.get(keyOf(row))?.is ?? '')),
  ];
}

/** The changed rows, with their former versions. */
export function changedRows(
  was: Fingerprint,
  is: Fingerprint,
): readonly (readonly [was: FingerprintRow, is: FingerprintRow])[] {
  return [...is].flatMap(([key, row]) => {
    const before = was.get(key);
    return before === undefined || before.is === row.is ? [] : [[before, row] as const];
  });
}

/** Leaves out rows that are equal in another form. */
export function withoutRows(whole: Fingerprint, rows: ReadonlySet<FingerprintRow>): Fingerprint {
  return new Map([...whole].filter(([, row]) => !rows.has(row)));
}

/** Sorted by kind and name. */
function inOrder(rows: readonly (readonly [key: string, FingerprintRow])[]): readonly FingerprintRow[] {
  return rows.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** A reported table makes the report of its columns redundant. */
function withoutParts(rows: readonly FingerprintRow[]): readonly FingerprintRow[] {
  const wholes = new Set(rows.filter(({ table }) => table === null).map(({ schema, name }) => `${schema}.${name}`));
  return rows.filter(({ schema, of }) => of === null || !wholes.has(`${schema}.${of}`));
}

function describeChange(row: FingerprintRow, before: string): string {
  const what = describeObject(idOf(row));
  if (row.kind === 'type' && sorted(row.is) === sorted(before)) return `${what} has its values in another order`;
  const isShort = row.is !== '' && before !== '' && row.is.length + before.length < 160;
  return isShort ? `${what} is ${row.is}, and was ${before}` : `${what} differs from before`;
}

function sorted(values: string): string {
  return values.split(', ').toSorted().join(', ');
}

function keyOf({ kind, schema, table, name }: FingerprintRow): string {
  return JSON.stringify([kind, schema, table, name]);
}

function idOf({ kind, schema, table, name }: FingerprintRow): ObjectId {
  return objectId(kind, schema ?? undefined, name, table ?? undefined);
}
