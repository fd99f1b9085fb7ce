import { dirname } from 'node:path';
import { fromHere } from '../../data-source/describe.js';
import type { ListedFile, KnownMigration, MigrationList } from '../../files/migration.js';
import { incompleteIn, namesOfChange } from '../../files/change.js';
import { duplicatesIn, inOrder, migrationsOf } from '../../files/resolve.js';
import type { CommandContext } from '../context.js';
import { missingAsset } from '../../files/sql-assets.js';
import { noFilesIn } from '../no-files.js';
import { unlistedFiles } from '../unlisted.js';
import type { CheckFinding } from './types.js';
import { lockFindings } from './lock.js';
import { findingOf, placeOf } from './work.js';
import type { CheckWork } from './work.js';

/** Checks that every migration file can be loaded and has the right name, and that `migrations.lock` matches the files. */
export function filesStep({ context, list, broken, lock }: CheckWork): Promise<readonly CheckFinding[]> {
  const unmatched = noFilesIn(list).map((message): CheckFinding => ({
    severity: 'notice',
    message,
    next: 'nest-migrate generate; or correct `migrations` in the data source',
  }));
  const stale = list.stale.map(({ file }): CheckFinding => ({
    severity: 'error',
    message: `${fromHere(file)} is stale: its source no longer exists.`,
    ...placeOf(file),
    next: `Delete the output and build again: rm -r ${fromHere(dirname(file))} && npm run build`,
  }));
  return Promise.resolve([
    ...unmatched,
    ...stale,
    ...notCopied(list),
    ...unlisted(list, context),
    ...broken,
    ...lockFindings(lock),
  ]);
}

/** The app would start without them, and find nothing pending. */
function notCopied({ files }: MigrationList): readonly CheckFinding[] {
  const left = files.flatMap(({ file }) => {
    const asset = missingAsset(file);
    return asset === undefined ? [] : [{ file, asset }];
  });
  const [first, ...others] = left;
  if (first === undefined) return [];
  const what =
    others.length === 0 ? fromHere(first.file) : `${fromHere(first.file)} and ${others.length} more .sql files`;
  return [
    {
      severity: 'notice',
      message: `\`nest build\` does not copy ${what} to the output, so a compiled app has no such migration.`,
      ...placeOf(first.file),
      next: `Add to nest-cli.json: ${first.asset}`,
    },
  ];
}

/** See unlisted.ts. */
function unlisted(list: MigrationList, { dataSource }: CommandContext): readonly CheckFinding[] {
  return unlistedFiles(list, dataSource).map(({ file, migration, message, lines }) => ({
    severity: 'error',
    message,
    migration,
    ...placeOf(file),
    next: ['Add it to the list:', ...lines()].join('\n  '),
  }));
}

/** Loads every file, and continues after one that cannot be loaded. */
export async function loadAll(list: MigrationList): Promise<Pick<CheckWork, 'migrations' | 'broken'>> {
  const broken: CheckFinding[] = [];
  const all: KnownMigration[] = [];
  const found = await Promise.all([
    ...list.files.map((file) => loadOne({ ...list, files: [file], classes: [] }, file)),
    ...list.classes.map((migrationClass) => loadOne({ ...list, files: [], classes: [migrationClass] })),
  ]);
  for (const one of found) {
    all.push(...one.migrations);
    broken.push(...one.broken);
  }
  const migrations = inOrder(all);
  const intruders = intrudersIn(migrations);
  const others = migrations.filter(({ name }) => !intruders.some(({ migration }) => migration === name));
  const told = [...duplicatesIn(others), ...incompleteIn(migrations)].map((error) => {
    const file = migrations.findLast(({ name }) => name === error.migration)?.file;
    return findingOf(error, placeOf(file));
  });
  return { migrations, broken: [...broken, ...told, ...intruders, ...sameTimestamps(others)] };
}

/** They run in TypeORM's order, but renaming a file would change that order. */
function sameTimestamps(sorted: readonly KnownMigration[]): readonly CheckFinding[] {
  return sorted.flatMap(({ name, timestamp, file }, index) => {
    const before = sorted[index - 1];
    if (before?.timestamp !== timestamp || before.name === name) return [];
    return {
      severity: 'notice' as const,
      ...placeOf(file),
      message: `${before.name} and ${name} have the same timestamp. They run in the order of their files.`,
      next: 'If they are applied anywhere, leave them as they are. Otherwise, change the timestamp of one of them in the names of its file and class.',
    };
  });
}

async function loadOne(list: MigrationList, listed?: ListedFile): Promise<Pick<CheckWork, 'migrations' | 'broken'>> {
  const place = placeOf(listed?.file);
  try {
    const migrations = await migrationsOf(list);
    for (const migration of migrations) await migration.load();
    return { migrations, broken: misnamed(migrations, listed) };
  } catch (error) {
    return { migrations: [], broken: [findingOf(error, { ...place, ...lineOf(error, listed?.file) })] };
  }
}

/** The timestamps of the classes determine the order, but readers rely on the names of the files. */
function misnamed(migrations: readonly KnownMigration[], listed: ListedFile | undefined): readonly CheckFinding[] {
  if (listed?.expected === undefined) return [];
  const last = migrations.at(-1);
  if (migrations.length === 1 && last?.timestamp === listed.expected.timestamp) return [];
  const place = { severity: 'notice' as const, ...placeOf(listed.file) };
  if (migrations.length === 1 && last !== undefined)
    return [
      {
        ...place,
        message: `${fromHere(listed.file)} contains ${last.name}, which has a different timestamp. Its own timestamp decides when it runs, not that of the file.`,
        migration: last.name,
        next: 'Rename the file to match the class. The database records the name of the class.',
      },
    ];
  const names = namesOfChange(listed.expected, migrations.length).map(({ name }) => name);
  const other = migrations.find(({ name }, index) => name !== names[index]);
  if (other === undefined) return [];
  return [
    {
      ...place,
      message: `${fromHere(listed.file)} contains ${migrations.length} classes, but its name does not show that ${other.name} is one of them. Once ${listed.expected.name} is applied, the file is no longer read, and ${other.name} is unknown.`,
      migration: other.name,
      next: `Name the classes ${names.join(', ')}; or write one file for each.`,
    },
  ];
}

/** The migrations of a change run one after the other, so none of another file may come between them. */
function intrudersIn(migrations: readonly KnownMigration[]): readonly CheckFinding[] {
  const files = new Set(migrations.map(({ file }) => file));
  return [...files].flatMap((file) => {
    const own = migrations.filter((one) => one.file === file);
    const [first, last] = [own[0], own.at(-1)];
    if (file === undefined || first === undefined || last === undefined || own.length === 1) return [];
    return migrations
      .filter((one) => one.file !== file && one.timestamp >= first.timestamp && one.timestamp <= last.timestamp)
      .map(({ name, timestamp, file: other }): CheckFinding => ({
        severity: 'error',
        message: `${name} has the timestamp ${timestamp}, which is within the change ${last.name} (${first.timestamp} to ${last.timestamp}), so it would run in the middle of that change.`,
        migration: name,
        ...placeOf(other),
        next: 'Give it another timestamp, in the names of the file and the class.',
      }));
  });
}

function lineOf(error: unknown, file: string | undefined): { readonly line?: number } {
  if (file === undefined || !(error instanceof Error)) return {};
  const after = error.message.split(file).at(-1) ?? '';
  const line = /^[:(](\d+)/.exec(after)?.[1] ?? /\bline (\d+)\b/.exec(error.message)?.[1];
  return line === undefined ? {} : { line: Number(line) };
}
