import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataSource } from 'typeorm';
import { loadEntitiesFromSources } from '../files/entity-sources.js';
import { nothingGiven } from '../data-source/address.js';
import { useAddressFor } from '../data-source/address-for-migrations.js';
import { loadable } from '../data-source/compiled.js';
import { showConnection } from '../data-source/describe.js';
import { envFilesOfApp } from '../data-source/env-files.js';
import { noticingReads } from '../data-source/env-reads.js';
import { loadEnvFiles } from '../data-source/environment.js';
import { canLoadTypeScript, findDataSourceFile } from '../data-source/find.js';
import { loadDataSource } from '../data-source/load.js';
import { scriptsOf } from '../data-source/scripts.js';
import { settingsOf } from '../data-source/settings.js';
import { withoutReplicas } from '../data-source/without-replicas.js';
import { liesIn } from '../database/service.js';
import { searchAtLast } from '../development.js';
import { codeOf, isMigrateError } from '../errors.js';
import { setClassList } from '../files/class-list.js';
import type { Loads } from '../files/migration.js';
import { unsetVariables } from '../files/unset-variables.js';
import { isOutput } from '../files/outputs.js';
import type { MigrateSettings } from '../options.js';
import { readClassList } from '../typescript/class-list.js';
import { registerTypeScript } from '../typescript/register.js';
import { aboutEnvironment, unsetIn } from './environment.js';
import type { NotLoaded } from './environment.js';
import type { GlobalFlags } from './flags.js';
import type { Io, Source } from './io.js';
import { packageFile } from './package-file.js';
import type { Project } from './project.js';

/** Loads the project's data source, with what it needs to be used. */
export async function loadSource(project: Project, flags: GlobalFlags, io: Io): Promise<Source> {
  searchAtLast(fileURLToPath(packageFile('.')));
  registerTypeScript({
    projectDir: project.dir,
    ...(project.tsconfig !== undefined && { tsconfig: project.tsconfig }),
    // An app may use its data source in any way, so it is loaded completely.
    lateTypeorm: project.app === undefined,
  });
  const { app, dir } = project;
  const source = await (app === undefined ? fromFile(project, io) : fromApp(loadable(dir, app), project, flags, io));
  withoutReplicas(source.dataSource);
  if (useAddressFor(source.dataSource) === 'not used')
    io.note(
      '! NEST_MIGRATE_DATABASE_URL is not used, because the data source does not get its address from DATABASE_URL. For another address: the setting directUrl.',
    );
  return source;
}

/** For the file of a data source that creates the app. */
async function learnEntities(dataSource: object): Promise<void> {
  const { learn } = await import('../app/without-starting.js');
  return learn(dataSource);
}

async function fromFile(project: Project, io: Io): Promise<Source> {
  const { file, by, envFiles, variables } = findDataSourceFile(project.dir, project.manifest, project.dataSource);
  // After the first save of `dev --watch`, it is known.
  if (by === 'scripts' && io.shown === undefined)
    io.note(`Data source: ${relative(project.dir, file)}, as the scripts of package.json name it.`);
  for (const [name, value] of Object.entries(variables)) process.env[name] ??= value;
  loadEnvFiles(envFiles);
  const load = async (): Promise<DataSource> =>
    loadDataSource(file, learnEntities).catch(async (error: unknown) => {
      const { namingCircle } = await import('../shadow/not-set-up.js');
      throw namingCircle(error);
    });
  const [dataSource, notLoaded] = await withHint(load, file, project, isWithoutAddress);
  if (notLoaded?.isLikely === true) io.note(`! ${notLoaded.hint}`);
  const settings = { ...project.settingsFor(file), ...settingsOf(dataSource) };
  liesIn(dataSource, dirname(file));
  setClassList(dataSource, (loaded) => readClassList(file, project.dir, loaded));
  return {
    dataSource,
    settings,
    ...(notLoaded && { notLoaded: notLoaded.hint }),
    loads: loadFromSources(file, dataSource, { ...project.settings, ...settings }),
  };
}

/** A line of a stack in the code of this package, which the projects of its own examples are beside. */
function isOurs(stackLine: string): boolean {
  return ['dist', 'build'].some((folder) => stackLine.includes(fileURLToPath(packageFile(`${folder}/`))));
}

/** Loads a file of the project, and says if an environment file was not loaded: otherwise, the first sign is an error about something else. */
async function withHint<T>(
  load: () => Promise<T>,
  file: string,
  { dir }: Project,
  isEmpty: (loaded: T) => boolean,
): Promise<readonly [T, NotLoaded | undefined]> {
  const { result, ...reads } = await noticingReads(load, isOurs);
  const notLoaded = aboutEnvironment(reads, file, dir);
  if (result.status === 'fulfilled') {
    const hint = notLoaded === undefined && isEmpty(result.value) ? unsetIn(file, reads, '', dir) : undefined;
    return [result.value, hint === undefined ? notLoaded : { hint, isLikely: false }];
  }
  const error: unknown = result.reason;
  if (!isMigrateError(error)) throw error;
  const hint = notLoaded?.hint ?? (mayLackVariable(error.cause) ? unsetIn(file, reads, error.message, dir) : undefined);
  throw hint === undefined ? error : error.with({ next: `${hint}\n${error.next}` });
}

/** Whether code of the project has failed without saying why, rather than a check of ours or the search for its files. */
function mayLackVariable(cause: unknown): boolean {
  const isOfFiles = cause instanceof SyntaxError || /MODULE|PACKAGE/.test(codeOf(cause) ?? '');
  return cause !== undefined && !isOfFiles && unsetVariables(cause) === undefined;
}

/** Then TypeORM connects to a server on this machine, as the user of the operating system. */
function isWithoutAddress(dataSource: DataSource): boolean {
  return showConnection(dataSource) === nothingGiven;
}

async function fromApp(file: string, project: Project, flags: GlobalFlags, io: Io): Promise<Source> {
  const { loadApp } = await import('../app/load-app.js');
  loadEnvFiles(envFilesOfApp(file, project.dir, scriptsOf(project.manifest)));
  const load = () => loadApp(file, flags.connection === undefined ? {} : { dataSourceName: flags.connection });
  const [{ remark, ...app }, notLoaded] = await withHint(load, file, project, (loaded) =>
    isWithoutAddress(loaded.dataSource),
  );
  // After the first save of `dev --watch`, it is known.
  if (remark !== undefined && io.shown === undefined) io.note(`! ${remark}`);
  liesIn(app.dataSource, dirname(file));
  setClassList(app.dataSource, (loaded) => readClassList(file, project.dir, loaded));
  return {
    ...app,
    ...(notLoaded && { notLoaded: notLoaded.hint }),
    loads: loadFromSources(file, app.dataSource, { ...project.settings, ...app.settings }),
  };
}

/**
 * Makes sources stand for their compiled files, unless the data source or the app is itself a compiled file: then its entities are
 * compiled, and so must be the migrations that use them.
 */
function loadFromSources(file: string, dataSource: DataSource, settings: MigrateSettings): Loads {
  const isCompiled = !canLoadTypeScript(process.cwd()) || (/\.[cm]?js$/.test(file) && isOutput(dirname(file)));
  const loads = isCompiled ? 'javascript' : 'typescript';
  loadEntitiesFromSources(dataSource, settings.sources, loads);
  return loads;
}
