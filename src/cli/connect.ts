import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataSource } from 'typeorm';
import { loadPg } from '../data-source/load-pg.js';
import { liesIn } from '../database/service.js';
import { searchAtLast } from '../development.js';
import { ExitCode, MigrateError, messageOf } from '../errors.js';
import { setClassList } from '../files/class-list.js';
import type { Loads } from '../files/migration.js';
import type { Migrator } from '../migrator.js';
import type { MigrateSettings } from '../options.js';
import { readClassList } from '../typescript/class-list.js';
import { settingsFromFlags } from './flags.js';
import type { GlobalFlags } from './flags.js';
import type { Io, Source } from './io.js';
import { packageFile } from './package-file.js';
import { progressPrinter } from './progress.js';

/** Where the command finds the data source, from flags and package.json. */
interface Project {
  readonly dir: string;
  /** What package.json says. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly dataSource: string | undefined;
  readonly app: string | undefined;
  readonly tsconfig: string | undefined;
  readonly settings: MigrateSettings;
}

/** Lends a migrator for the project's data source. */
export async function withMigrator<T>(
  io: Io,
  flags: GlobalFlags,
  work: (migrator: Migrator) => Promise<T>,
): Promise<T> {
  const project = readProject(process.cwd(), flags);
  io.stage('loading the data source');
  const source = io.inApp ? io.inApp(flags.connection) : await load(project, flags);
  const { createMigrator } = await import('../migrator.js');
  const { settings } = project;
  const flagged = settingsFromFlags(flags);
  const migrator = createMigrator({
    dataSource: source.dataSource,
    settings: { ...settings, ...source.settings, ...flagged, ...connectSettings(settings, source.settings, flagged) },
    onEvent: progressPrinter(io),
    signal: io.signal,
    ...(source.instantiate && { instantiate: source.instantiate }),
    ...(source.loads && { loads: source.loads }),
  });
  try {
    return await work(migrator);
  } finally {
    await migrator.close();
    await source.close?.();
  }
}

async function load(project: Project, flags: GlobalFlags): Promise<Source> {
  await loadPg();
  searchAtLast(fileURLToPath(packageFile('.')));
  const { registerTypeScript } = await import('../typescript/register.js');
  registerTypeScript({
    projectDir: project.dir,
    ...(project.tsconfig !== undefined && { tsconfig: project.tsconfig }),
    // An app does with it what it likes.
    lateTypeorm: project.app === undefined,
  });
  return project.app === undefined ? fromFile(project) : fromApp(project.app, project, flags);
}

function connectSettings(...all: readonly MigrateSettings[]): Pick<MigrateSettings, 'connect'> {
  const connect = Object.assign({}, ...all.map((settings) => settings.connect)) as NonNullable<
    MigrateSettings['connect']
  >;
  return Object.keys(connect).length > 0 ? { connect } : {};
}

async function fromFile(project: Project): Promise<Source> {
  const { findDataSourceFile } = await import('../data-source/find.js');
  const { loadDataSource } = await import('../data-source/load.js');
  const { settingsOf } = await import('../data-source/settings.js');
  const { loadEnvFiles } = await import('../data-source/environment.js');
  const { file, envFiles } = findDataSourceFile(project.dir, project.manifest, project.dataSource);
  loadEnvFiles(envFiles);
  const dataSource = await loadDataSource(file).catch(async (error: unknown) => {
    const { namingCircle } = await import('../shadow/not-set-up.js');
    throw namingCircle(error);
  });
  const settings = settingsOf(dataSource);
  liesIn(dataSource, dirname(file));
  setClassList(dataSource, () => readClassList(file, project.dir));
  return { dataSource, settings, loads: await loadFromSources(file, dataSource, { ...project.settings, ...settings }) };
}

async function fromApp(file: string, project: Project, flags: GlobalFlags): Promise<Source> {
  const { loadApp } = await import('../app/load-app.js');
  const { loadEnvFiles } = await import('../data-source/environment.js');
  const { envFilesOfApp } = await import('../data-source/env-files.js');
  const { scriptsOf } = await import('../data-source/scripts.js');
  loadEnvFiles(envFilesOfApp(file, project.dir, scriptsOf(project.manifest)));
  const app = await loadApp(file, flags.connection === undefined ? {} : { dataSourceName: flags.connection });
  liesIn(app.dataSource, dirname(file));
  setClassList(app.dataSource, () => readClassList(file, project.dir));
  return { ...app, loads: await loadFromSources(file, app.dataSource, { ...project.settings, ...app.settings }) };
}

/**
 * Sources stand for what is compiled from them, unless the data source or app is itself a compiled file: its entities are compiled then, and
 * so must be the migrations that use them.
 */
async function loadFromSources(file: string, dataSource: DataSource, settings: MigrateSettings): Promise<Loads> {
  const { canLoadTypeScript } = await import('../data-source/find.js');
  const { loadEntitiesFromSources } = await import('../data-source/entity-sources.js');
  const { isOutput } = await import('../files/outputs.js');
  if (!canLoadTypeScript(process.cwd()) || (/\.[cm]?js$/.test(file) && isOutput(dirname(file)))) return 'javascript';
  await loadEntitiesFromSources(dataSource, settings.sources);
  return 'typescript';
}

/** A flag wins over package.json; and naming a data source by flag wins over an app in package.json. */
function readProject(dir: string, flags: GlobalFlags): Project {
  const manifest = readManifest(resolve(dir, 'package.json'));
  const own = manifest['nest-migrate'] as Readonly<Record<string, unknown>> | undefined;
  const { dataSource, app, tsconfig, ...settings } = own ?? {};
  const path = (value: unknown): string | undefined =>
    typeof value === 'string' ? resolve(dir, fileName(value)) : undefined;
  return {
    dir,
    manifest,
    dataSource: path(flags.dataSource ?? dataSource),
    app: path(flags.app ?? (flags.dataSource === undefined ? app : undefined)),
    tsconfig: path(flags.tsconfig ?? tsconfig),
    settings,
  };
}

/** An address in the place of a file would be shown as one that is missing. */
function fileName(text: string): string {
  if (!/(?<!^[a-z]):|password=/i.test(text)) return text;
  throw new MigrateError({
    code: 'USAGE',
    message: 'The address of a database stands where the name of a file should be.',
    next: '--data-source, --app and --tsconfig name files; the address goes into DATABASE_URL.',
    exitCode: ExitCode.usage,
  });
}

function readManifest(file: string): Readonly<Record<string, unknown>> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new MigrateError({
      code: 'OPTIONS_INVALID',
      message: `${file} cannot be read as JSON: ${messageOf(error)}`,
      next: 'Correct it.',
      exitCode: ExitCode.usage,
    });
  }
}
