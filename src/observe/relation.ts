/** An object that a statement can lock, rewrite or scan. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** For an index: its table. */
  readonly table: number | undefined;
  /** Whether the judged migrations created it: it is then not in use yet, so locks on it block nothing. */
  readonly isNew: boolean;
}

export type RelationKind =
  'table' | 'partitioned table' | 'index' | 'sequence' | 'view' | 'materialized view' | 'other';

const kinds: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned table',
  i: 'index',
  I: 'index',
  S: 'sequence',
  v: 'view',
  m: 'materialized view',
};

export function relationKind(relkind: string): RelationKind {
  return kinds[relkind] ?? 'other';
}

/** From the weakest to the strongest: https://www.postgresql.org/docs/current/explicit-locking.html */
export const lockModes = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;
/** A table lock of PostgreSQL. */
export type LockMode = (typeof lockModes)[number];

export interface Lock {
  readonly relation: Relation;
  readonly mode: LockMode;
}

export function isAtLeast(mode: LockMode, least: LockMode): boolean {
  return lockModes.indexOf(mode) >= lockModes.indexOf(least);
}

/** The operations that a lock of this mode blocks. */
export function blockedBy(mode: LockMode): 'reads and writes' | 'writes' | 'other changes of the schema' | 'nothing' {
  if (mode === 'ACCESS EXCLUSIVE') return 'reads and writes';
  if (isAtLeast(mode, 'SHARE')) return 'writes';
  return mode === 'SHARE UPDATE EXCLUSIVE' ? 'other changes of the schema' : 'nothing';
}

/** The strongest lock on each relation. */
export function strongest(locks: Iterable<Lock>): readonly Lock[] {
  const byRelation = new Map<number, Lock>();
  for (const lock of locks) {
    const known = byRelation.get(lock.relation.oid);
    if (known === undefined || !isAtLeast(known.mode, lock.mode)) byRelation.set(lock.relation.oid, lock);
  }
  return [...byRelation.values()];
}
