import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { fromHere } from '../data-source/describe.js';
import { classListOf, folderOfClasses } from '../files/class-list.js';
import type { ClassList } from '../files/class-list.js';
import type { MigrationList } from '../files/migration.js';
import { expectedName, mayHoldMigrations } from '../files/name.js';

/** A file next to the classes that the data source lists, which is not in that list. */
export interface UnlistedFile {
  readonly file: string;
  readonly migration: string;
  readonly message: string;
  /** The lines to add to the list. */
  readonly lines: () => readonly string[];
}

/** Migrations that the list of the data source lacks, so that they never run. The command line alone knows where the list is. */
export function unlistedFiles(list: MigrationList, dataSource: DataSource): readonly UnlistedFile[] {
  const folder = folderOfClasses(list, dataSource);
  const classes = folder === undefined ? undefined : classListOf(dataSource);
  if (folder === undefined || classes === undefined) return [];
  return filesNotIn(classes, folder).map((file) => {
    const migration = expectedName(file)?.name ?? '';
    return {
      file,
      migration,
      message: `${fromHere(file)} is next to the other migrations, but not in the list in ${fromHere(classes.file)}, so it never runs.`,
      lines: () => classes.adding([{ name: migration, file }])?.lines ?? [migration],
    };
  });
}

/** The same in one sentence; undefined if there are none, and in production, where the sources do not count. */
export function remarkOnUnlisted(list: MigrationList, dataSource: DataSource): string | undefined {
  if (process.env['NODE_ENV'] === 'production') return undefined;
  const [first, ...more] = unlistedOrNone(list, dataSource);
  if (first === undefined) return undefined;
  const others = more.length === 0 ? '' : ` The same holds for ${more.length} more.`;
  return `${first.message}${others} \`nest-migrate check\` shows the lines to add.`;
}

/** A list that cannot be read must not stop a command that does not need it; `check` says why. */
function unlistedOrNone(list: MigrationList, dataSource: DataSource): readonly UnlistedFile[] {
  try {
    return unlistedFiles(list, dataSource);
  } catch {
    return [];
  }
}

function filesNotIn({ files }: ClassList, folder: string): readonly string[] {
  const known = new Set(files.map((file) => expectedName(file)?.name));
  return readdirSync(folder)
    .filter((name) => /\.[cm]?[jt]s$/.test(name) && mayHoldMigrations(name) && expectedName(name) !== undefined)
    .filter((name) => !known.has(expectedName(name)?.name))
    .map((name) => join(folder, name));
}
