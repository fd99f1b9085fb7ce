import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataSource } from 'typeorm';
import { showAddress } from '../data-source/address.js';
import { showConnection } from '../data-source/describe.js';
import { loadPg } from '../data-source/load-pg.js';
import { liesIn } from '../database/service.js';
import { searchAtLast } from '../development.js';
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
import { readProject } from './project.js';
import type { Project } from './project.js';

/** Provides a migrator for the project's data source. */
export async function withMigrator<T>(
  io: Io,
  flags: GlobalFlags,
  work: (migrator: Migrator) => Promise<T>,
): Promise<T> {
  const project = readProject(process.cwd(), flags);
  io.stage('loading the data source');
  const source = io.inApp ? io.inApp(flags.connection) : await load(project, flags, io);
  const { createMigrator } = await import('../migrator.js');
  const { settings } = project;
  const flagged = settingsFromFlags(flags);
  const migrator = createMigrator({
    dataSource: source.dataSource,
    settings: {
      ...settings,
      ...source.settings,
      ...flagged,
      ...connectSettings(settings, source.settings, flagged),
      ...addressedByEnvironment(source.dataSource),
    },
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

/** An address for migrations in the environment overrides the general setting. */
function addressedByEnvironment(dataSource: DataSource): Pick<MigrateSettings, 'directUrl'> {
  const address = process.env['NEST_MIGRATE_DATABASE_URL']?.trim();
  return address && showAddress(address) === showConnection(dataSource) ? { directUrl: undefined } : {};
}

async function load(project: Project, flags: GlobalFlags, io: Io): Promise<Source> {
  await loadPg();
  searchAtLast(fileURLToPath(packageFile('.')));
  const { registerTypeScript } = await import('../typescript/register.js');
  registerTypeScript({
    projectDir: project.dir,
    ...(project.tsconfig !== undefined && { tsconfig: project.tsconfig }),
    // An app may use its data source in any way, so it is loaded completely.
    lateTypeorm: project.app === undefined,
  });
  return project.app === undefined ? fromFile(project, io) : fromApp(project.app, project, flags);
}

function connectSettings(...all: readonly MigrateSettings[]): Pick<MigrateSettings, 'connect'> {
  const connect = Object.assign({}, ...all.map((settings) => settings.connect)) as NonNullable<
    MigrateSettings['connect']
  >;
  return Object.keys(connect).length > 0 ? { connect } : {};
}

async function fromFile(project: Project, io: Io): Promise<Source> {
  const { findDataSourceFile } = await import('../data-source/find.js');
  const { loadDataSource } = await import('../data-source/load.js');
  const { settingsOf } = await import('../data-source/settings.js');
  const { loadEnvFiles } = await import('../data-source/environment.js');
  const { file, by, envFiles } = findDataSourceFile(project.dir, project.manifest, project.dataSource);
  if (by === 'scripts') io.note(`Data source: ${relative(project.dir, file)}, as the scripts of package.json name it.`);
  loadEnvFiles(envFiles);
  const dataSource = await loadDataSource(file).catch(async (error: unknown) => {
    const { namingCircle } = await import('../shadow/not-set-up.js');
    throw namingCircle(error);
  });
  const settings = { ...project.settingsFor(file), ...settingsOf(dataSource) };
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
 * Makes sources stand for their compiled files, unless the data source or the app is itself a compiled file: then its entities are
 * compiled, and so must be the migrations that use them.
 */
async function loadFromSources(file: string, dataSource: DataSource, settings: MigrateSettings): Promise<Loads> {
  const { canLoadTypeScript } = await import('../data-source/find.js');
  const { loadEntitiesFromSources } = await import('../data-source/entity-sources.js');
  const { isOutput } = await import('../files/outputs.js');
  const isCompiled = !canLoadTypeScript(process.cwd()) || (/\.[cm]?js$/.test(file) && isOutput(dirname(file)));
  const loads = isCompiled ? 'javascript' : 'typescript';
  await loadEntitiesFromSources(dataSource, settings.sources, loads);
  return loads;
}
