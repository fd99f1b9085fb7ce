import { readFileSync } from 'node:fs';
import type { KnownMigration, ListedFile } from './migration.js';
import { expectedName } from './name.js';
import type { MigrationName } from './name.js';

/**
 * The migrations in files with several, unless the last one has the name of its file: then the ledger shows whether all of them are applied.
 * Of the others, the ledger may know only the first.
 */
export function unseenByName(known: readonly KnownMigration[]): readonly KnownMigration[] {
  const byFile = new Map<string, KnownMigration[]>();
  for (const migration of known) {
    const { file } = migration;
    if (file !== undefined) byFile.set(file, [...(byFile.get(file) ?? []), migration]);
  }
  return [...byFile].flatMap(([file, inside]) =>
    inside.length === 1 || inside.at(-1)?.name === expectedName(file)?.name ? [] : inside,
  );
}

/**
 * The files that contain these migrations, although their names do not say so. Only files with about the same timestamp are read: the
 * migrations may as well belong to another service, or to files that are gone.
 */
export function filesWith(migrations: readonly MigrationName[], files: readonly ListedFile[]): ReadonlySet<ListedFile> {
  if (migrations.length === 0) return new Set();
  const classes = files.filter(({ file, expected }) => expected !== undefined && !file.endsWith('.sql'));
  const texts = new Map<ListedFile, string>();
  const contains = (listed: ListedFile, name: string): boolean => {
    const text = texts.get(listed) ?? textOf(listed);
    texts.set(listed, text);
    return text.includes(name);
  };
  return new Set(
    migrations.flatMap(({ name, timestamp }) => near(timestamp, classes).filter((one) => contains(one, name))),
  );
}

/** Those with the same timestamp, the last one before, and the first one after. The files are in the order of their timestamps. */
function near(timestamp: number, files: readonly ListedFile[]): readonly ListedFile[] {
  const at = ({ expected }: ListedFile): number => expected?.timestamp ?? 0;
  const [first, end] = [files.findIndex((one) => at(one) >= timestamp), files.findIndex((one) => at(one) > timestamp)];
  const [from, to] = [first === -1 ? files.length : first, end === -1 ? files.length : end];
  return files.slice(Math.max(0, from - 1), to + 1);
}

function textOf({ file }: ListedFile): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
