import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSource } from 'typeorm';
import { searchFrom } from '../development.js';
import { ExitCode, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { importFile } from '../files/import-file.js';
import { useAddressForMigrations } from './environment.js';
import { refuseOtherDatabases } from './guard.js';
import { refuseOldTypeorm } from './old-typeorm.js';
import { requireFrom } from '../require-from.js';
import { withoutConnecting } from './without-connecting.js';
import type { HeldBack } from './without-connecting.js';

/** What a data source does instead of connecting. */
type Instead = HeldBack<object>['instead'];
const nothing: Instead = () => Promise.resolve();

/** Loads the data source that a file exports: the data source, a promise of it, or its options. */
export async function loadDataSource(file: string, learnEntities: Instead = nothing): Promise<DataSource> {
  if (!existsSync(file)) {
    throw new MigrateError({
      code: 'DATA_SOURCE_NOT_FOUND',
      message: `There is no file ${file}.`,
      next: 'Correct --data-source (or "dataSource" under "nest-migrate" in package.json), or create one: npx nest-migrate init',
      exitCode: ExitCode.usage,
    });
  }
  refuseOldTypeorm(file);
  useAddressForMigrations();
  searchFrom(dirname(file));
  const made = await heldBack(file, learnEntities, () => exportedBy(file));
  refuseOtherDatabases(made.options, file);
  return made;
}

async function exportedBy(file: string): Promise<DataSource> {
  const exports = exportsOf(await importFile(file));
  const made = chosen(await settled(exports, file), file) ?? (await fromFactory(exports.get('default'), file));
  if (made !== undefined) return made;
  const names = [...exports.keys()].join(', ') || 'nothing';
  const next = 'Write `export default new DataSource({ … })`, or `export default defineDataSource({ … })`.';
  throw invalid(file, `exports no data source (it exports ${names})`, next);
}

/**
 * A file may also connect the data source that it exports, with `dataSource.initialize()`, which TypeORM's own command allows. With
 * `migrationsRun`, that would run migrations without the lock, even in `status`. A command connects by itself when it needs to.
 */
async function heldBack<T>(file: string, learnEntities: Instead, work: () => Promise<T>): Promise<T> {
  const text = readFileSync(file, 'utf8');
  // Code that uses this package loads TypeORM only when necessary.
  if (text.includes('nest-migrate/data-source') && !text.includes('initialize')) return work();
  const DataSource = dataSourceClass(file);
  if (DataSource === undefined) return work();
  // Providers of an app ask for the metadata of their entities.
  const instead = /\bNestFactory\b/.test(text) ? learnEntities : nothing;
  return withoutConnecting({ DataSource, instead }, work);
}

/** The class of the project's own TypeORM; undefined if it has none, which loading the file will report. */
function dataSourceClass(file: string): HeldBack<object>['DataSource'] | undefined {
  try {
    return (requireFrom(file)('typeorm') as Pick<HeldBack<object>, 'DataSource'>).DataSource;
  } catch {
    return undefined;
  }
}

/** The only data source among the exports, or one created from the only options. */
function chosen(exports: ReadonlyMap<string, unknown>, file: string): DataSource | undefined {
  const values = [...new Set(exports.values())];
  const [dataSource, ...more] = values.filter(isDataSource);
  if (more.length > 0) {
    const next = 'Export only one, and create a separate file for each of the others (--data-source).';
    throw invalid(file, `exports ${more.length + 1} data sources`, next);
  }
  if (dataSource !== undefined) return dataSource;
  const [options, ...others] = values.filter(isOptions);
  return options === undefined || others.length > 0 ? undefined : fromOptions(options, file);
}

/** A function is called only if no other export is a data source, because it may do anything. */
async function fromFactory(value: unknown, file: string): Promise<DataSource | undefined> {
  if (!isFactory(value)) return undefined;
  return chosen(await settled(new Map([['default', Promise.resolve().then(value)]]), file), file);
}

/** Exports may be promises, as with TypeORM's own command. */
async function settled(exports: ReadonlyMap<string, unknown>, file: string): Promise<ReadonlyMap<string, unknown>> {
  const values = [...exports].map(async ([name, value]) => [name, await value] as const);
  try {
    return new Map(await Promise.all(values));
  } catch (error) {
    if (isMigrateError(error)) throw error;
    const what = `could not create its data source: ${messageOf(error)}`;
    throw invalid(file, what, 'Correct the code that creates it.', error);
  }
}

function isFactory(value: unknown): value is () => unknown {
  return typeof value === 'function' && value.length === 0 && !/^class\b/.test(Function.prototype.toString.call(value));
}

/** Each export once. ES modules compiled to CommonJS have a `default` inside the default. */
function exportsOf(loaded: unknown): ReadonlyMap<string, unknown> {
  if (isDataSource(loaded) || isOptions(loaded)) return new Map([['default', loaded]]);
  const named = Object.entries(loaded ?? {});
  const inner = named.find(
    ([name, value]) =>
      name === 'default' && typeof value === 'object' && value !== null && !isDataSource(value) && 'default' in value,
  );
  return new Map([...named, ...(inner ? Object.entries(inner[1] as object) : [])]);
}

/** Recognised by TypeORM's brand, since the project may use a different copy of TypeORM. */
function isDataSource(value: unknown): value is DataSource {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Record<string, unknown>)['@instanceof'] === Symbol.for('DataSource')
  );
}

function isOptions(value: unknown): value is { readonly type: 'postgres' } {
  if (typeof value !== 'object' || value === null || isDataSource(value)) return false;
  return (value as { readonly type?: unknown }).type === 'postgres';
}

function fromOptions(options: object, file: string): DataSource {
  const typeorm = requireFrom(file)('typeorm') as { readonly DataSource: new (options: object) => DataSource };
  return new typeorm.DataSource(options);
}

function invalid(file: string, what: string, next: string, cause?: unknown): MigrateError {
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `${file} ${what}.`,
    next,
    exitCode: ExitCode.usage,
    cause,
  });
}
