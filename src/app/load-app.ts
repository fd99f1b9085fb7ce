import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DataSource } from 'typeorm';
import { useAddressForMigrations } from '../data-source/environment.js';
import { refuseOtherDatabases, synchronizing } from '../data-source/guard.js';
import { refuseOldTypeorm } from '../data-source/old-typeorm.js';
import { isMigrateError, messageOf } from '../errors.js';
import { locationOf } from '../files/import-file.js';
import type { Instantiate } from '../files/migration.js';
import { unsetVariables } from '../files/unset-variables.js';
import { appSource } from '../nest/app-source.js';
import { createInstantiate } from '../nest/instantiate.js';
import type { Container } from '../nest/module-graph.js';
import { defaultConnection } from '../nest/migrations.constants.js';
import type { MigrateSettings } from '../options.js';
import { findModule, refuseUnlikely } from './find-module.js';
import { invalidApp } from './invalid-app.js';
import { isMainFile, mainFileBeside, moduleOfMain } from './main-file.js';
import type { NestFactory } from './main-file.js';
import { withoutStarting } from './without-starting.js';
import type { AppLibraries } from './without-starting.js';
import { expectRejections } from '../rejections.js';
import { requireFrom } from '../require-from.js';

export interface LoadAppOptions {
  readonly dataSourceName?: string;
  /** @default 60000 */
  readonly timeoutMs?: number;
}

export interface LoadedApp {
  readonly dataSource: DataSource;
  /** The settings of the data source, overridden by those of `MigrationsModule`. */
  readonly settings: MigrateSettings;
  readonly instantiate: Instantiate;
  /** About options of the app with which TypeORM changes the database when the app starts. */
  readonly remark?: string;
  /** Closes the connections that were opened in the meantime. */
  close(): Promise<void>;
}

/** The parts of Nest and @nestjs/typeorm that are used. */
interface Nest extends Pick<AppLibraries, 'NestApplicationContext'> {
  readonly NestFactory: NestFactory;
  readonly ModuleRef: unknown;
}

interface Context {
  select(module: unknown): Context;
  get(token: unknown, options: { readonly strict: boolean }): unknown;
}

/**
 * Takes the data source, with all entities that the app's modules register, out of a Nest app. The app's providers are created, but nothing
 * is connected, no lifecycle hook is called, and no migration runs. A provider that connects to something else in its constructor, such as
 * Redis, still does so; what it leaves open ends with the process.
 */
export async function loadApp(file: string, options: LoadAppOptions): Promise<LoadedApp> {
  useAddressForMigrations();
  const { dataSourceName: name = defaultConnection, timeoutMs = 60_000 } = options;
  refuseUnlikely(file);
  refuseOldTypeorm(file);
  const nest = await importFrom<Nest>(file, '@nestjs/core');
  const { DataSource } = await importFrom<Pick<AppLibraries, 'DataSource'>>(file, 'typeorm');
  const { getDataSourceToken } = await importFrom<{ getDataSourceToken(of: string): unknown }>(file, '@nestjs/typeorm');
  const early = rejectionsUntilBoot();
  const { context, module } = await withoutStarting(
    { DataSource, NestApplicationContext: nest.NestApplicationContext },
    () => boot({ nest, file, timeoutMs, early }),
  );
  const dataSource = find(context, getDataSourceToken(name)) as DataSource | undefined;
  if (dataSource === undefined) throw withoutConnection(file, name);
  const where = `The app in ${shown(file)}`;
  refuseOtherDatabases(dataSource.options, where);
  const remark = synchronizing(dataSource.options, where);
  const { settings, instantiate } = appSource(dataSource, name, (token) => find(context, token));
  return {
    dataSource,
    settings,
    ...(remark && { remark: `${remark.message} ${remark.next}` }),
    instantiate: instantiate ?? ofRoot(context, module, { nest, name }),
    close: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}

/** Loads the app's own copy of a package, which may differ from the copy that this package finds. It is the same for import and require. */
async function importFrom<T>(file: string, name: string): Promise<T> {
  try {
    const url = pathToFileURL(requireFrom(file).resolve(name)).href;
    const loaded = (await import(/* webpackIgnore: true */ url)) as T & { readonly default?: T };
    return { ...loaded.default, ...loaded };
  } catch (error) {
    const next = `Install it there: npm install ${name}`;
    throw invalidApp(
      `${shown(file)} is not a Nest app with TypeORM: ${name} cannot be loaded from there.`,
      next,
      error,
    );
  }
}

interface Booting {
  readonly nest: Nest;
  readonly file: string;
  readonly timeoutMs: number;
  readonly early: EarlyRejections;
}

/** A created app, and its root module. */
interface Booted {
  readonly context: Context;
  readonly module: unknown;
}

/** Ends the wait for early rejections, and returns them. */
type EarlyRejections = () => readonly unknown[];

/**
 * What a module starts when its file is loaded (`ConfigModule.forRoot` in its imports) may fail before Nest waits for it, as Nest waits for
 * one import after the other. Node would then end the process with a stack trace.
 */
function rejectionsUntilBoot(): EarlyRejections {
  const reasons: unknown[] = [];
  const stop = expectRejections((reason) => reasons.push(reason) > 0);
  return () => {
    stop();
    return reasons;
  };
}

async function boot({ nest, file, timeoutMs, early }: Booting): Promise<Booted> {
  // A main file is kept from using it.
  const create = nest.NestFactory.createApplicationContext.bind(nest.NestFactory);
  let module: unknown;
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(took(timeoutMs, { file, isFound: module !== undefined })), timeoutMs);
  });
  try {
    // Loaded last: what the module has started by then may fail, and Nest has to be there to handle it.
    const found = isMainFile(file) ? moduleOfMain(file, nest.NestFactory) : findModule(file);
    module = await Promise.race([found, tooLong]);
    const made = create(module, { logger: false, abortOnError: false });
    const context = await Promise.race([made as Promise<Context>, tooLong]);
    const [unhandled] = early();
    if (unhandled !== undefined) throw notCreated(file, unhandled);
    return { context, module };
  } catch (error) {
    // The wait for early rejections goes on: Node reports some only now, and this error ends the command.
    throw isMigrateError(error) ? error : notCreated(file, error);
  } finally {
    clearTimeout(timer);
  }
}

function took(timeoutMs: number, { file, isFound }: { readonly file: string; readonly isFound: boolean }): Error {
  const within = `within ${timeoutMs / 1000} s`;
  if (!isFound)
    return invalidApp(
      `${shown(file)} did not create an app ${within}, so its root module is not known.`,
      'Name the file of the root module instead, for example: --app src/app.module.ts',
    );
  return invalidApp(
    `The app in ${shown(file)} was not created ${within}: one of its providers waits for something.`,
    'Let it wait in onModuleInit (which is not called here), or use a data-source.ts: npx nest-migrate init',
  );
}

function notCreated(file: string, error: unknown): Error {
  const main = isMainFile(file) ? undefined : mainFileBeside(file);
  // A main file is in most stacks, because it imports the rest.
  const place = locationOf(error, isMainFile(file) ? '' : file);
  const toSet = unsetVariables(error);
  const next = [
    (toSet && `${toSet}.`) ??
      'Set what the app needs to start, such as environment variables. No provider may use the database while the app is created.',
    ...(main === undefined
      ? []
      : [`If ${shown(main)} prepares something before NestFactory.create: --app ${shown(main)}`]),
    'Or name the file of a data source: --data-source src/data-source.ts',
  ].join('\n');
  return invalidApp(`The app in ${shown(file)} could not be created: ${messageOf(error)}${place}`, next, error);
}

/** Without `MigrationsModule`, migrations see the providers of the app's root module. */
function ofRoot(context: Context, module: unknown, { nest, name }: { nest: Nest; name: string }): Instantiate {
  const container = isClass(module)
    ? context.select(module).get(nest.ModuleRef, { strict: true })
    : context.get(nest.ModuleRef, { strict: false });
  return createInstantiate(container as Container, name);
}

/** Nest selects a module by its class. A dynamic module (`AppModule.forRoot()`) has no class of its own. */
function isClass(module: unknown): boolean {
  return typeof module === 'function';
}

function find(context: Context, token: unknown): unknown {
  try {
    return context.get(token, { strict: false });
  } catch {
    return undefined;
  }
}

function withoutConnection(file: string, name: string): Error {
  const which = name === defaultConnection ? 'no TypeORM connection' : `no TypeORM connection "${name}"`;
  return invalidApp(
    `The app in ${shown(file)} has ${which}.`,
    'Import TypeOrmModule.forRoot or MigrationsModule.forRoot in it; a named one is chosen by --connection <name>.',
  );
}

function shown(file: string): string {
  return relative(process.cwd(), file) || file;
}
