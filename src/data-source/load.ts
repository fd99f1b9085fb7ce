import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { importFile } from '../files/import-file.js';

/** Loads the data source that a file exports: itself, a promise of it, or its options. */
export async function loadDataSource(file: string): Promise<DataSource> {
  if (!existsSync(file)) {
    throw new MigrateError({
      code: 'DATA_SOURCE_NOT_FOUND',
      message: `There is no file ${file}.`,
      next: 'Correct --data-source (or "dataSource" under "nest-migrate" in package.json), or make one: npx nest-migrate init',
      exitCode: ExitCode.usage,
    });
  }
  const exports = exportsOf(await importFile(file));
  const values = await Promise.all([...exports].map(async ([name, value]) => [name, await value] as const));
  const dataSources = [...new Set(values.map(([, value]) => value).filter(isDataSource))];
  const [only, ...more] = dataSources;
  if (only !== undefined && more.length === 0) return checked(only, file);
  if (more.length > 0) throw invalid(file, `exports ${dataSources.length} data sources`, 'Export one, and make a file for each other one (--data-source).');
  const options = values.find(([name, value]) => name === 'default' && isOptions(value))?.[1];
  if (options !== undefined) return fromOptions(options as object, file);
  const names = values.map(([name]) => name).join(', ') || 'nothing';
  throw invalid(file, `exports no data source (it exports ${names})`, 'Write `export default new DataSource({ … })`, or `export default defineDataSource({ … })`.');
}

/** Every export once. Compiled ES modules in CommonJS have a `default` inside the default. */
function exportsOf(loaded: unknown): ReadonlyMap<string, unknown> {
  if (isDataSource(loaded) || isOptions(loaded)) return new Map([['default', loaded]]);
  const named = Object.entries((loaded ?? {}) as object);
  const inner = named.find(([name, value]) => name === 'default' && typeof value === 'object' && value !== null && !isDataSource(value) && 'default' in value);
  return new Map([...named, ...(inner ? Object.entries(inner[1] as object) : [])]);
}

/** By TypeORM's own brand: its copy in the project may not be ours. */
function isDataSource(value: unknown): value is DataSource {
  return typeof value === 'object' && value !== null && (value as Record<string, unknown>)['@instanceof'] === Symbol.for('DataSource');
}

function isOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { readonly type?: unknown }).type === 'postgres';
}

function fromOptions(options: object, file: string): DataSource {
  const typeorm = createRequire(file)('typeorm') as { readonly DataSource: new (options: object) => DataSource };
  return new typeorm.DataSource(options);
}

function checked(dataSource: DataSource, file: string): DataSource {
  if (dataSource.options.type === 'postgres') return dataSource;
  throw invalid(file, `connects to ${dataSource.options.type}`, "nest-migrate is for PostgreSQL: `type: 'postgres'`.");
}

function invalid(file: string, what: string, next: string): MigrateError {
  return new MigrateError({ code: 'DATA_SOURCE_INVALID', message: `${file} ${what}.`, next, exitCode: ExitCode.usage });
}
