import { fromHere } from '../../data-source/describe.js';
import type { ListedFile, KnownMigration, MigrationList } from '../../files/migration.js';
import { duplicatesIn, resolveMigrations } from '../../files/resolve.js';
import type { CheckFinding } from './contract.js';
import { lockFindings } from './lock.js';
import { findingOf, placeOf } from './work.js';
import type { CheckWork } from './work.js';

/** Every migration file can be loaded and is called rightly, and `migrations.lock` agrees with them. */
export function filesStep({ list, broken, lock }: CheckWork): Promise<readonly CheckFinding[]> {
  const unmatched = list.unmatched.map(({ pattern, folder }): CheckFinding => ({
    severity: 'notice',
    message: `No migration matches ${fromHere(pattern)} (looked in ${fromHere(folder)}).`,
    next: 'nest-migrate generate; or correct `migrations` in the data source',
  }));
  return Promise.resolve([...unmatched, ...broken, ...lockFindings(lock)]);
}

/** Loads every file, and goes on behind those that cannot be loaded. */
export async function loadAll(list: MigrationList): Promise<Pick<CheckWork, 'migrations' | 'broken'>> {
  const broken: CheckFinding[] = [];
  const migrations: KnownMigration[] = [];
  const found = await Promise.all([
    ...list.files.map((file) => loadOne({ ...list, files: [file], classes: [] }, file)),
    ...list.classes.map((migrationClass) => loadOne({ ...list, files: [], classes: [migrationClass] })),
  ]);
  for (const one of found) {
    migrations.push(...one.migrations);
    broken.push(...one.broken);
  }
  migrations.sort((a, b) => a.timestamp - b.timestamp || (a.name < b.name ? -1 : 1));
  const twice = duplicatesIn(migrations).map((error) => {
    const file = migrations.findLast(({ name }) => name === error.migration)?.file;
    return findingOf(error, placeOf(file));
  });
  return { migrations, broken: [...broken, ...twice] };
}

async function loadOne(list: MigrationList, listed?: ListedFile): Promise<Pick<CheckWork, 'migrations' | 'broken'>> {
  const place = placeOf(listed?.file);
  try {
    const migrations = await resolveMigrations(list, () => false);
    for (const migration of migrations) await migration.load();
    return { migrations, broken: migrations.flatMap((migration) => misnamed(migration, listed)) };
  } catch (error) {
    return { migrations: [], broken: [findingOf(error, { ...place, ...lineOf(error, listed?.file) })] };
  }
}

/** The order is that of the classes, and people go by the files. */
function misnamed(migration: KnownMigration, listed: ListedFile | undefined): readonly CheckFinding[] {
  if (listed?.expected === undefined || listed.expected.timestamp === migration.timestamp) return [];
  return [
    {
      severity: 'notice',
      message: `${fromHere(listed.file)} holds ${migration.name}, whose timestamp is another one: it runs in the place of its own, not of its file's.`,
      migration: migration.name,
      ...placeOf(listed.file),
      next: 'Call the file as the class. In the database it is known by the name of the class.',
    },
  ];
}

function lineOf(error: unknown, file: string | undefined): { readonly line?: number } {
  if (file === undefined || !(error instanceof Error)) return {};
  const after = error.message.split(file).at(-1) ?? '';
  const line = /^[:(](\d+)/.exec(after)?.[1] ?? /\bline (\d+)\b/.exec(error.message)?.[1];
  return line === undefined ? {} : { line: Number(line) };
}
