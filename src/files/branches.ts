import { lineageOf } from './migrations-lock.js';
import type { Lineage, LockEntry, MigrationsLock } from './migrations-lock.js';

/** The line of `migrations.lock` after which two or more branches diverged. */
export interface Fork {
  /** The lines that each branch has added. */
  readonly branches: readonly (readonly LockEntry[])[];
  /** The lines that were added after the branches were merged. */
  readonly after: readonly LockEntry[];
}

/** Lines whose previous line no longer exists, because it was changed or removed by hand. */
export function brokenLines({ entries }: MigrationsLock): readonly LockEntry[] {
  const { parents } = lineageOf(entries);
  return entries.filter((entry) => parents.get(entry) === undefined);
}

export function forksOf({ entries }: MigrationsLock): readonly Fork[] {
  const { parents } = lineageOf(entries);
  const children = new Map<LockEntry | undefined, LockEntry[]>();
  for (const [child, before] of parents) {
    // A line that was added after several lines is the point where branches were merged, not where they diverged.
    if (before === undefined || before.length > 1) continue;
    children.set(before[0], [...(children.get(before[0]) ?? []), child]);
  }
  return [...children.values()].filter((starts) => starts.length > 1).map((starts) => forkAt(starts, entries, parents));
}

function forkAt(starts: readonly LockEntry[], entries: readonly LockEntry[], parents: Lineage['parents']): Fork {
  const origins = new Map<LockEntry, ReadonlySet<LockEntry>>();
  const originsOf = (entry: LockEntry): ReadonlySet<LockEntry> => {
    const known = origins.get(entry);
    if (known) return known;
    // Lines that were changed by hand could form a cycle.
    origins.set(entry, new Set());
    const found = starts.includes(entry)
      ? new Set([entry])
      : new Set((parents.get(entry) ?? []).flatMap((before) => [...originsOf(before)]));
    origins.set(entry, found);
    return found;
  };
  return {
    branches: starts.map((start) =>
      entries.filter((entry) => originsOf(entry).size === 1 && originsOf(entry).has(start)),
    ),
    after: entries.filter((entry) => originsOf(entry).size > 1),
  };
}
