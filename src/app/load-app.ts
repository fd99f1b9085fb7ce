import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { DataSource } from 'typeorm';
import { ExitCode, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { refuseSynchronize } from '../data-source/guard.js';
import { settingsOf } from '../data-source/settings.js';
import { importFile } from '../files/import-file.js';
import type { Instantiate } from '../files/migration.js';
import { createInstantiate } from '../nest/instantiate.js';
import type { Container } from '../nest/instantiate.js';
import { defaultConnection } from '../nest/migrations.constants.js';
import type { MigrateSettings } from '../options.js';
import { withoutConnecting } from './without-connecting.js';

export interface LoadedApp {
  readonly dataSource: DataSource;
  readonly settings: MigrateSettings;
  readonly instantiate: Instantiate;
}

interface Context {
  get(token: unknown, options?: { readonly strict: boolean }): unknown;
}

type Nest = { readonly NestFactory: { createApplicationContext(module: unknown, options: object): Promise<Context> }; readonly ModuleRef: unknown };

/**
 * Takes the data source, with all entities that the app's modules register, out of a Nest app. The app's providers are made, but nothing is
 * connected, no lifecycle hook is called, and no migration runs. Providers that connect to something else in their constructors do so.
 */
export async function loadApp(file: string, options: { readonly dataSourceName?: string }): Promise<LoadedApp> {
  const name = options.dataSourceName ?? defaultConnection;
  const module = moduleOf(await importExisting(file), file);
  const require = createRequire(file);
  const nest = require('@nestjs/core') as Nest;
  const { getDataSourceToken } = require('@nestjs/typeorm') as { getDataSourceToken(name: string): unknown };
  const context = await withoutConnecting(require, async () => {
    try {
      return await nest.NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    } catch (error) {
      throw isMigrateError(error) ? error : invalid(`${file} could not be started: ${messageOf(error)}`, 'Correct the module, or use a data-source.ts: npx nest-migrate init', error);
    }
  });
  const dataSource = find(context, getDataSourceToken(name), name, file) as DataSource;
  refuseSynchronize(dataSource.options, `The connection of ${file}`);
  const container = context.get(nest.ModuleRef) as Container;
  return { dataSource, settings: settingsOf(dataSource), instantiate: createInstantiate(container, name) };
}

async function importExisting(file: string): Promise<unknown> {
  if (existsSync(file)) return importFile(file);
  throw invalid(`There is no file ${file}.`, 'Correct --app (or "app" under "nest-migrate" in package.json), for example: --app src/app.module.ts');
}

/** `AppModule`, the default export, or the only class that is a module. */
function moduleOf(loaded: unknown, file: string): unknown {
  const exports = (loaded ?? {}) as Readonly<Record<string, unknown>>;
  const modules = Object.entries(exports).filter(([, value]) => isModule(value));
  const chosen = exports['AppModule'] ?? (isModule(exports['default']) ? exports['default'] : undefined) ?? (modules.length === 1 ? modules[0]?.[1] : undefined);
  if (chosen !== undefined) return chosen;
  const names = Object.keys(exports).join(', ') || 'nothing';
  throw invalid(`${file} exports no Nest module that could be chosen (it exports ${names}).`, 'Export one class with @Module(), called AppModule or as default.');
}

function isModule(value: unknown): boolean {
  return typeof value === 'function' && ['imports', 'providers', 'controllers', 'exports'].some((key) => Reflect.hasMetadata?.(key, value));
}

function find(context: Context, token: unknown, name: string, file: string): unknown {
  try {
    return context.get(token, { strict: false });
  } catch (error) {
    const which = name === defaultConnection ? 'no TypeORM connection' : `no TypeORM connection "${name}"`;
    throw invalid(`The app in ${file} has ${which}.`, 'Import TypeOrmModule.forRoot or MigrationsModule.forRoot in it; a named one is chosen by --connection <name>.', error);
  }
}

function invalid(message: string, next: string, cause?: unknown): MigrateError {
  return new MigrateError({ code: 'APP_INVALID', message, next, exitCode: ExitCode.usage, cause });
}
