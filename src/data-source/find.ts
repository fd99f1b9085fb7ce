import { dirname, join, relative, resolve } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';
import { isFile } from '../files/exists.js';
import { stripsTypes } from '../files/import-file.js';
import { hasCompiler, loadable } from './compiled.js';
import { otherDataSources } from './listed.js';
import { sourceFiles } from './project-files.js';
import { namedInScripts, scriptedDataSources } from './scripts.js';
import type { Scripted } from './scripts.js';
import { candidatesIn } from './search.js';

const extensions = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
const folders = ['', 'src', 'dist', 'dist/src'];
const elsewhere = ['src/database', 'src/db', 'src/config', 'src/typeorm', 'db', 'database', 'config'];
const otherNames = [
  'data-source',
  'datasource',
  'data-source.config',
  'typeorm.config',
  'ormconfig',
  'orm.config',
  'typeorm',
];

/** A data source file, and the environment files that the scripts of package.json load before it. */
export interface FoundDataSource {
  readonly file: string;
  /** Whether the file was found by its usual name, in the scripts, or in the settings. */
  readonly by: 'name' | 'scripts' | 'settings';
  readonly envFiles: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The data source of a project whose package.json contains `manifest`: the file that is `named`, or the one with the usual name, or the one
 * that the scripts pass to TypeORM's command. Sources win over their compiled files if TypeScript can be loaded.
 */
export function findDataSourceFile(
  projectDir: string,
  manifest: Readonly<Record<string, unknown>>,
  named?: string,
): FoundDataSource {
  const loads = canLoadTypeScript(projectDir) ? 'typescript' : 'javascript';
  const scripted = scriptedDataSources(projectDir, manifest, loads);
  if (named === undefined) refuseInside(projectDir);
  const [only, another] = candidates(projectDir, scripted);
  if (named === undefined && only === undefined)
    throw notFound(projectDir, namedInScripts(projectDir, manifest, loads));
  if (named === undefined && only !== undefined && another !== undefined) throw ambiguous(only, another);
  const file = named === undefined ? join(projectDir, only ?? '') : loadable(projectDir, named);
  const own = scripted.find(({ dataSource }) => join(projectDir, dataSource) === file);
  const by = named !== undefined ? 'settings' : usual(projectDir) === only ? 'name' : 'scripts';
  const envFiles = (own?.envFiles ?? []).map((name) => resolve(projectDir, name));
  return { file, by, envFiles, variables: own?.variables ?? {} };
}

/** The files that commands find by themselves, by their usual name or in scripts. The paths are relative to the project. */
export function candidates(projectDir: string, scripted: readonly Scripted[]): readonly string[] {
  return [usual(projectDir) ?? [], scripted.map(({ dataSource }) => dataSource)]
    .flat()
    .reduce<readonly string[]>((all, one) => (all.some((other) => isSame(one, other)) ? all : [...all, one]), []);
}

function usual(projectDir: string): string | undefined {
  const found = folders
    .flatMap((folder) => extensions.map((extension) => join(projectDir, folder, `data-source.${extension}`)))
    .filter(isFile);
  const sources = canLoadTypeScript(projectDir) ? found : found.filter((file) => !/\.[cm]?ts$/.test(file));
  const [first] = [...sources, ...found];
  return first && relative(projectDir, first);
}

function notFound(projectDir: string, scripted: readonly Scripted[]): MigrateError {
  const gone = scripted.map(({ dataSource }) => dataSource).join(', ');
  const scripts =
    gone && ` The scripts of package.json name ${gone}, which does not exist: perhaps it has to be built.`;
  return new MigrateError({
    code: 'DATA_SOURCE_NOT_FOUND',
    message: `There is no data-source.ts (or .js, .mts, …) in ${projectDir} or its folders ${folders.slice(1).join(', ')}.${scripts}`,
    next:
      foundElsewhere(projectDir) ??
      inFolderAbove(projectDir) ??
      'Create one: npx nest-migrate init. Or name yours: --data-source path/to/data-source.ts; or the Nest module that has the connection: --app src/app.module.ts',
    exitCode: ExitCode.usage,
  });
}

/** Settings, scripts and `.env` are read from the folder of package.json. */
function inFolderAbove(projectDir: string): string | undefined {
  if (isFile(join(projectDir, 'package.json'))) return undefined;
  for (let dir = dirname(projectDir), below = projectDir; dir !== below; [below, dir] = [dir, dirname(dir)])
    if (isFile(join(dir, 'package.json'))) return `There is no package.json here: run the command in ${dir}`;
  return undefined;
}

/**
 * A folder inside a Nest project may contain a data source, but its connection is configured in the folder of package.json, and would
 * silently be missed.
 */
function refuseInside(projectDir: string): void {
  const next = inFolderAbove(projectDir);
  const isInside = next !== undefined && ['nx.json', 'nest-cli.json'].some((file) => isAbove(file, projectDir));
  if (!isInside) return;
  throw new MigrateError({
    code: 'DATA_SOURCE_NOT_FOUND',
    message: `${projectDir} is a folder inside a project, whose package.json and .env commands read. The database was not touched.`,
    next,
    exitCode: ExitCode.usage,
  });
}

function isAbove(file: string, dir: string): boolean {
  for (let above = dirname(dir), below = dir; above !== below; [below, above] = [above, dirname(above)])
    if (isFile(join(above, 'package.json'))) return isFile(join(above, file));
  return false;
}

/** The options to type for the files that may be meant. */
function foundElsewhere(projectDir: string): string | undefined {
  if (!isFile(join(projectDir, 'package.json'))) return undefined;
  const isSource = canLoadTypeScript(projectDir);
  const files = [...sourceFiles(projectDir), ...(isSource ? [] : sourceFiles(projectDir, 'dist'))];
  const { dataSources, ormConfigs, apps, bundles } = candidatesIn(projectDir, files);
  // A file that is only named like a data source may export anything.
  const named = dataSources.length === 0 && apps.length > 0 ? [] : nearCandidates(projectDir);
  const exporting = [...new Set([...dataSources, ...ormConfigs, ...named])];
  const isOwn = (file: string): boolean => packageOf(file, projectDir) === undefined;
  const [ownSources, ownApps] = [exporting.filter(isOwn), apps.filter(isOwn)];
  const [flag, setting] = ownSources.length > 0 ? ['--data-source', 'dataSource'] : ['--app', 'app'];
  const [first, ...others] = ownSources.length > 0 ? ownSources : ownApps;
  if (first === undefined)
    return inOtherPackages(exporting.length > 0 ? exporting : apps, projectDir) ?? (bundles[0] && inBundle(bundles[0]));
  const written = others.length === 0 ? ', which npx nest-migrate init writes' : '';
  return `Found ${[first, ...others].join(', ')}. To use ${others.length === 0 ? 'it' : 'one'}: ${flag} ${first}; or for all commands, in package.json: "nest-migrate": { "${setting}": ${JSON.stringify(first)} }${written}.`;
}

/** The folder of the package that a source belongs to, if it is not this project. */
function packageOf(file: string, projectDir: string): string | undefined {
  if (file.startsWith('dist/')) return undefined;
  for (let dir = dirname(file); dir !== '.'; dir = dirname(dir))
    if (isFile(join(projectDir, dir, 'package.json'))) return dir;
  return undefined;
}

/** The patterns, the settings and the .env of a data source belong to its own package. */
function inOtherPackages(files: readonly string[], projectDir: string): string | undefined {
  const packages = [...new Set(files.flatMap((file) => packageOf(file, projectDir) ?? []))];
  if (packages.length === 0) return undefined;
  const there = packages.map((dir) => `cd ${dir}`).join(', or ');
  return `Found ${files.join(', ')}, which ${files.length === 1 ? 'belongs' : 'belong'} to another package: run the command there. ${there}`;
}

function inBundle(file: string): string {
  return `${file} contains a data source, but also starts the app. Build the data source as a file of its own, too (another entry of the bundle), and name it: --data-source dist/data-source.js; or let the app migrate when it starts.`;
}

/** `src/data-source.ts` is compiled to `dist/data-source.js`. */
export function isSame(one: string, other: string): boolean {
  return nameOf(one) === nameOf(other);
}

function nameOf(file: string): string {
  return file.replace(/\.[cm]?[jt]s$/, '').replace(/^(?:(?:src|dist|build|out)[\\/])+/, '');
}

function ambiguous(one: string, other: string): MigrateError {
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `There are two data sources, and it is not clear which one to use: ${one} and ${other}. The database was not touched.`,
    next: `Name one: --data-source ${one}; or for all commands, in package.json: "nest-migrate": { "dataSource": ${JSON.stringify(one)} }\n${otherDataSources}`,
    exitCode: ExitCode.usage,
  });
}

/** Whether the project's sources can be loaded here: not in production, and not without a compiler. */
export function canLoadTypeScript(projectDir: string): boolean {
  if (process.env['NODE_ENV'] === 'production') return false;
  return hasCompiler(projectDir) || stripsTypes();
}

function nearCandidates(projectDir: string): readonly string[] {
  return ['', 'src', ...elsewhere]
    .flatMap((folder) =>
      otherNames.flatMap((name) => extensions.map((extension) => join(projectDir, folder, `${name}.${extension}`))),
    )
    .filter(isFile)
    .map((file) => relative(projectDir, file));
}
