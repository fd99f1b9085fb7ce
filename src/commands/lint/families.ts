import { changesIn, titleIn } from '../../files/change.js';
import type { KnownMigration } from '../../files/migration.js';

/**
 * Groups the migrations of each change, including changes that version 0.1 wrote to one file per migration: a millisecond apart and named
 * after the first. Any other migration is a group of its own.
 */
export function families<T extends Pick<KnownMigration, 'name' | 'timestamp'>>(
  migrations: readonly T[],
): readonly (readonly T[])[] {
  const found: T[][] = [];
  const several = new Map(
    changesIn(migrations).flatMap((change) => change.migrations.map((one) => [one, change] as const)),
  );
  for (const migration of migrations) {
    const family = found.at(-1);
    const [first, last] = [family?.[0], family?.at(-1)];
    const belongs =
      first !== undefined &&
      last !== undefined &&
      (several.get(first) === several.get(migration) ||
        (migration.timestamp === last.timestamp + 1 && migration.name.startsWith(titleIn(first.name))));
    if (belongs) family?.push(migration);
    else found.push([migration]);
  }
  return found;
}
