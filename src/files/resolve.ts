import { readFileSync } from 'node:fs';
import { MigrateError } from '../errors.js';
import { incompleteIn, namesOfChange } from './change.js';
import { classMigration, isMigrationClass } from './class-migration.js';
import { classTextsIn, nameInText, stepsInText } from './class-text.js';
import { importFile } from './import-file.js';
import type { KnownMigration, ListedFile, LoadedMigration, MigrationClass, MigrationList } from './migration.js';
import type { MigrationName } from './name.js';
import { phaseInText, sqlPhaseMark } from './phase.js';
import type { Phase } from './phase.js';
import { RecordedNames } from './recorded-names.js';
import { filesWith } from './several-in-file.js';
import { loadSqlMigration } from './sql-file.js';
import { headOf } from './sql-text.js';

/**
 * Finds the migrations in order and loads as little as possible: no file whose migrations are already applied, and none that clearly
 * contains the classes that its name promises.
 */
export async function resolveMigrations(
  list: MigrationList,
  applied: readonly MigrationName[] = [],
  awaited: readonly MigrationName[] = [],
): Promise<readonly KnownMigration[]> {
  const all = await migrationsOf(list, applied, awaited);
  for (const error of [...duplicatesIn(all), ...incompleteIn(all)]) throw error;
  return all;
}

/** The same, without checking that they fit together. The log knows of `awaited` migrations that they exist, but are not applied. */
export async function migrationsOf(
  list: MigrationList,
  applied: readonly MigrationName[] = [],
  awaited: readonly MigrationName[] = [],
): Promise<readonly KnownMigration[]> {
  const recorded = new RecordedNames(applied, list.files, list.classes);
  const byName = list.files.map((listed) => migrationsIn(listed, recorded));
  const names = new Set([...byName.flatMap((found) => found ?? []), ...list.classes].map(({ name }) => name));
  const toLoad = filesWith(
    [...applied, ...awaited].filter(({ name }) => !names.has(name)),
    list.files,
  );
  const seen = byName.map((found, index) => (toLoad.has(list.files[index] as ListedFile) ? undefined : found));
  // At most starts, every file is applied: waiting for each of a thousand would take longer than everything else here.
  const fromFiles = seen.every((found) => found !== undefined)
    ? seen
    : await Promise.all(seen.map(async (found, index) => found ?? knownFrom(list.files[index]?.file ?? '')));
  return inOrder([...fromFiles.flat(), ...list.classes.map(fromClass)]);
}

/** Sorted by timestamp. Migrations with the same timestamp are in the order of their files or of the list, as in TypeORM. */
export function inOrder(migrations: readonly KnownMigration[]): readonly KnownMigration[] {
  return migrations.toSorted((a, b) => a.timestamp - b.timestamp || byFile(a.file, b.file));
}

function byFile(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  // Classes from a list come after files, in the order of the list.
  return b === undefined || (a !== undefined && a < b) ? -1 : 1;
}

/** Undefined if the file must be loaded to find out. */
function migrationsIn({ file, expected }: ListedFile, recorded: RecordedNames): readonly KnownMigration[] | undefined {
  if (expected === undefined) return undefined;
  // The phase is needed before the migration runs, and reading a large .sql file takes time.
  let loading: Promise<readonly LoadedMigration[]> | undefined;
  const load = async (name: string): Promise<LoadedMigration> => pick(await (loading ??= loadFile(file)), name, file);
  const last = recorded.of(expected);
  if (last === undefined)
    return atFirstSight(file, expected)?.map((one) => ({ ...one, file, load: () => load(one.name) }));
  return [...recorded.before(last), last].map(({ name, timestamp }) => ({
    name,
    timestamp,
    file,
    phase: undefined,
    steps: undefined,
    load: () => load(name),
  }));
}

async function knownFrom(file: string): Promise<readonly KnownMigration[]> {
  return (await loadFile(file)).map(known);
}

type Seen = Pick<KnownMigration, 'name' | 'timestamp' | 'phase' | 'steps'>;

/**
 * Reads the text, which is much cheaper than loading the file. Undefined if it is unclear whether the file contains these migrations, or
 * which phase they have: then the file is loaded.
 */
function atFirstSight(file: string, expected: MigrationName): readonly Seen[] | undefined {
  if (file.endsWith('.sql')) return [{ ...expected, phase: sqlPhaseAtFirstSight(file), steps: undefined }];
  // For a thousand small files, this takes a third of the time of asynchronous reads.
  const written = readFileSync(file, 'utf8');
  const classes = classTextsIn(written);
  const names = namesOfChange(nameInText(written) ?? expected, classes.length);
  const seen = classes.map(({ name, text }, index) => {
    const named = [...text.matchAll(/\bname\s*(?::\s*string\s*)?=\s*(["'`])(.*?)\1/g)].map((match) => match[2]);
    // TypeORM uses the property `name`, which may differ from the name of the class.
    const isExpected = name === names[index]?.name && named.every((one) => one === name);
    const [phase, steps] = [phaseInText(text), stepsInText(text)];
    if (!isExpected || phase === undefined || steps === 'unclear') return undefined;
    return { name, timestamp: names[index]?.timestamp ?? 0, phase, steps };
  });
  return seen.length > 0 && seen.every((one) => one !== undefined) ? seen : undefined;
}

/** An error in the file is reported when it is loaded. */
function sqlPhaseAtFirstSight(file: string): Phase {
  try {
    return sqlPhaseMark(headOf(file)) === 'contract' ? 'contract' : 'expand';
  } catch {
    return 'expand';
  }
}

async function loadFile(file: string): Promise<readonly LoadedMigration[]> {
  if (file.endsWith('.sql')) return [await loadSqlMigration(file)];
  const classes = [...new Set(classesIn(await importFile(file)))];
  const migrations = classes.map((migrationClass) => classMigration(migrationClass, file));
  if (migrations.length > 0) return migrations;
  throw new MigrateError({
    code: 'FILE_INVALID',
    message: `${file} matches the \`migrations\` patterns, but exports no migration class.`,
    next: 'Export a class with up and down whose name ends in a 13-digit timestamp, move the file elsewhere, or narrow the pattern.',
  });
}

/**
 * The same search as in TypeORM: functions, and functions in arrays and objects. A default export is often the same class as a named one.
 */
function classesIn(exported: unknown): readonly MigrationClass[] {
  if (isMigrationClass(exported)) return [exported];
  if (Array.isArray(exported)) return exported.flatMap(classesIn);
  if (typeof exported === 'object' && exported !== null && isPlain(exported)) {
    return Object.values(exported).flatMap((value) => (value === exported ? [] : classesIn(value)));
  }
  return [];
}

/** Whether the value is a module or an object literal. Tested by shape, since `Object` is a different one in Jest. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function fromClass(migrationClass: MigrationClass): KnownMigration {
  return known(classMigration(migrationClass, undefined));
}

function known(migration: LoadedMigration): KnownMigration {
  const { name, timestamp, file, phase, steps } = migration;
  return {
    name,
    timestamp,
    file,
    phase,
    steps,
    load: () => Promise.resolve(migration),
  };
}

function pick(loaded: readonly LoadedMigration[], name: string, file: string): LoadedMigration {
  const found = loaded.find((migration) => migration.name === name);
  if (found) return found;
  throw new MigrateError({
    code: 'FILE_INVALID',
    message: `${file} should contain the migration ${name}, but contains ${loaded.map((migration) => migration.name).join(', ')}.`,
    next: 'Rename the class or the file so that they match. If the migration is already applied, keep both names as they were.',
    migration: name,
  });
}

/** The names that more than one migration has. */
export function duplicatesIn(migrations: readonly KnownMigration[]): readonly MigrateError[] {
  const first = new Map<string, KnownMigration>();
  return migrations.flatMap((migration) => {
    const before = first.get(migration.name);
    if (before === undefined) {
      first.set(migration.name, migration);
      return [];
    }
    return new MigrateError({
      code: 'DUPLICATE_MIGRATION',
      message: `Migration ${migration.name} exists twice: ${place(before)} and ${place(migration)}.`,
      next: 'Remove one, or narrow the `migrations` pattern: it may match both the sources and the compiled files.',
      migration: migration.name,
    });
  });
}

function place(migration: KnownMigration): string {
  return migration.file ?? 'a class in the `migrations` option';
}
