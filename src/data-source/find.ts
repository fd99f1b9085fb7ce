import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';
import { scriptedDataSources } from './scripts.js';
import type { Scripted } from './scripts.js';
import { requireFrom } from '../require-from.js';

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

/** A data source file, and the files of environment variables that the scripts of package.json load before it. */
export interface FoundDataSource {
  readonly file: string;
  readonly envFiles: readonly string[];
}

/**
 * The data source of a project, whose package.json says `manifest`: the file that is `named`, or the one under its usual name, or as the
 * scripts hand it to TypeORM's command. Sources win over what was compiled from them, where TypeScript can be loaded.
 */
export function findDataSourceFile(
  projectDir: string,
  manifest: Readonly<Record<string, unknown>>,
  named?: string,
): FoundDataSource {
  const scripted = scriptedDataSources(
    projectDir,
    manifest,
    canLoadTypeScript(projectDir) ? 'typescript' : 'javascript',
  );
  const file = named ?? join(projectDir, theOnly(projectDir, scripted));
  const own = scripted.find(({ dataSource }) => join(projectDir, dataSource) === file);
  return { file, envFiles: (own?.envFiles ?? []).map((name) => resolve(projectDir, name)) };
}

/** Relative to the project. */
function theOnly(projectDir: string, scripted: readonly Scripted[]): string {
  const candidates = folders.flatMap((folder) =>
    extensions.map((extension) => join(projectDir, folder, `data-source.${extension}`)),
  );
  const found = candidates.filter(isFile);
  const sources = canLoadTypeScript(projectDir) ? found : found.filter((file) => !/\.[cm]?ts$/.test(file));
  const [first] = [...sources, ...found];
  const usual = first === undefined ? [] : [relative(projectDir, first)];
  const others = scripted.map(({ dataSource }) => dataSource);
  const all = [...usual, ...others.filter((one) => !usual.some((other) => isSame(one, other)))];
  const [only, another] = all;
  if (only !== undefined && another !== undefined) throw ambiguous(only, another);
  if (only !== undefined) return only;
  const near = nearCandidates(projectDir);
  throw new MigrateError({
    code: 'DATA_SOURCE_NOT_FOUND',
    message: `There is no data-source.ts (or .js, .mts, …) in ${projectDir}, nor in its folders ${folders.slice(1).join(', ')}.`,
    next:
      near.length === 0
        ? 'Make one: npx nest-migrate init. Or name yours: --data-source path/to/data-source.ts; or the Nest module that has the connection: --app src/app.module.ts'
        : `Found ${near.join(', ')}: pass the right one with --data-source ${near[0]}. Or make one: npx nest-migrate init`,
    exitCode: ExitCode.usage,
  });
}

/** `dist/data-source.js` is what `src/data-source.ts` becomes. */
function isSame(one: string, other: string): boolean {
  return nameOf(one) === nameOf(other);
}

function nameOf(file: string): string {
  return file.replace(/\.[cm]?[jt]s$/, '').replace(/^(?:(?:src|dist|build|out)[\\/])+/, '');
}

function ambiguous(one: string, other: string): MigrateError {
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `There are two data sources, and nothing says which one is meant: ${one}, and ${other}. The database was not touched.`,
    next: `Name one: --data-source ${one}; or for all commands, in package.json: "nest-migrate": { "dataSource": ${JSON.stringify(one)} }`,
    exitCode: ExitCode.usage,
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether the sources of a project can be loaded here: not in production, nor without a compiler. */
export function canLoadTypeScript(projectDir: string): boolean {
  if (process.env['NODE_ENV'] === 'production') return false;
  try {
    requireFrom(join(projectDir, 'package.json')).resolve('typescript');
    return true;
  } catch {
    // Node itself may take types out of a file.
    return Boolean((process.features as { readonly typescript?: unknown }).typescript);
  }
}

function nearCandidates(projectDir: string): readonly string[] {
  return ['', 'src', ...elsewhere]
    .flatMap((folder) =>
      otherNames.flatMap((name) => extensions.map((extension) => join(projectDir, folder, `${name}.${extension}`))),
    )
    .filter(isFile)
    .map((file) => relative(projectDir, file));
}
