import type { KnownMigration } from '../../files/migration.js';

/** Migrations of one change, as `generate` writes them: a millisecond apart, and called after the first. Anybody else's stands alone. */
export function families<T extends Pick<KnownMigration, 'name' | 'timestamp'>>(
  migrations: readonly T[],
): readonly (readonly T[])[] {
  const found: T[][] = [];
  for (const migration of migrations) {
    const family = found.at(-1);
    const [first, last] = [family?.[0], family?.at(-1)];
    const belongs =
      first !== undefined &&
      last !== undefined &&
      migration.timestamp === last.timestamp + 1 &&
      migration.name.startsWith(titleOf(first.name));
    if (belongs) family?.push(migration);
    else found.push([migration]);
  }
  return found;
}

function titleOf(name: string): string {
  return name.replace(/\d{13}$/, '');
}
