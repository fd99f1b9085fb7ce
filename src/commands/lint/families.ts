import { changesIn, titleIn } from '../../files/change.js';
import type { KnownMigration } from '../../files/migration.js';

/**
 * Migrations of one change; and those of one change as 0.1 wrote them, to a file each: a millisecond apart, and called after the first. Any
 * other migration stands alone.
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
