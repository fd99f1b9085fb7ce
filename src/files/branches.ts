import { lineageOf } from './migrations-lock.js';
import type { Lineage, LockEntry, MigrationsLock } from './migrations-lock.js';

/** Where two or more branches parted, by the chain of `migrations.lock`. */
export interface Fork {
  /** What each of the branches has added. */
  readonly branches: readonly (readonly LockEntry[])[];
  /** What was added when they had met. */
  readonly after: readonly LockEntry[];
}

/** Lines that continue a line which is not here: it was changed or removed by hand. */
export function brokenLines({ entries }: MigrationsLock): readonly LockEntry[] {
  const { parents } = lineageOf(entries);
  return entries.filter((entry) => parents.get(entry) === undefined);
}

export function forksOf({ entries }: MigrationsLock): readonly Fork[] {
  const { parents } = lineageOf(entries);
  const children = new Map<LockEntry | undefined, LockEntry[]>();
  for (const [child, before] of parents) {
    // A line that was added after several lines is where branches met, not where they diverged.
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
    // Lines that were changed by hand could stand in a circle.
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
