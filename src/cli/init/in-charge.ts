import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findDataSourceFile } from '../../data-source/find.js';
import { scriptedDataSources } from '../../data-source/scripts.js';
import { ExitCode, isMigrateError, MigrateError } from '../../errors.js';
import { readJson } from '../../files/tsconfig.js';
import type { ProjectFile } from './project-files.js';

/** What tells all commands where the database is: it stays the only one. */
export interface InCharge {
  readonly kind: 'data source' | 'app';
  readonly file: string;
  /** How the commands know of it. */
  readonly by: 'settings' | 'scripts' | 'its name' | 'search';
}

/** What a person has named on the command line. */
export interface Named {
  readonly dataSource?: string | undefined;
  readonly app?: string | undefined;
}

const ormConfigs = ['', 'src/'].flatMap((folder) =>
  ['ts', 'js', 'cjs', 'json'].map((one) => `${folder}ormconfig.${one}`),
);

/**
 * What the project connects with: as package.json or its scripts name it, by its usual name, a data source that a file exports, a file for
 * TypeORM's command, or the module of an app. Undefined where there is nothing of the kind. Two of a kind are for a person to decide.
 */
export function inCharge(
  dir: string,
  manifest: Readonly<Record<string, unknown>>,
  files: readonly ProjectFile[],
  named: Named,
): InCharge | undefined {
  const { dataSource, app } = (manifest['nest-migrate'] ?? {}) as Readonly<Record<string, unknown>>;
  const given = named.dataSource ?? named.app;
  if (given !== undefined) {
    if (!existsSync(join(dir, given))) throw notThere(given);
    return { kind: named.dataSource === undefined ? 'app' : 'data source', file: given, by: 'search' };
  }
  if (typeof dataSource === 'string') return { kind: 'data source', file: dataSource, by: 'settings' };
  if (typeof app === 'string') return { kind: 'app', file: app, by: 'settings' };
  return (
    foundByCommands(dir, manifest) ??
    only(
      files.filter(exportsDataSource).map(({ file }) => file),
      { kind: 'data source' },
    ) ??
    only(ormConfigs.filter((file) => existsSync(join(dir, file))).slice(0, 1), { kind: 'data source' }) ??
    only(appModules(dir, files), { kind: 'app' })
  );
}

/** What the commands find without any help; of two candidates, they name both. */
function foundByCommands(dir: string, manifest: Readonly<Record<string, unknown>>): InCharge | undefined {
  try {
    const file = relative(dir, findDataSourceFile(dir, manifest).file);
    const isScripted = scriptedDataSources(dir, manifest, 'typescript').some((one) => one.dataSource === file);
    return { kind: 'data source', file, by: isScripted ? 'scripts' : 'its name' };
  } catch (error) {
    if (isMigrateError(error) && error.code === 'DATA_SOURCE_NOT_FOUND') return undefined;
    throw error;
  }
}

function notThere(file: string): MigrateError {
  return new MigrateError({
    code: 'DATA_SOURCE_NOT_FOUND',
    message: `There is no file ${file}. Nothing was written.`,
    next: 'Correct --data-source or --app.',
    exitCode: ExitCode.usage,
  });
}

function only(files: readonly string[], { kind }: Pick<InCharge, 'kind'>): InCharge | undefined {
  const [file, ...others] = files;
  if (file === undefined) return undefined;
  if (others.length === 0) return { kind, file, by: 'search' };
  const flag = kind === 'app' ? '--app' : '--data-source';
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `There are ${files.length} ${kind === 'app' ? 'apps that connect to a database' : 'data sources'}, and nothing says which one is meant: ${files.join(', ')}. Nothing was written.`,
    next: `Name one: nest-migrate init ${flag} ${file}`,
    exitCode: ExitCode.usage,
  });
}

const made = String.raw`(?:await\s+)?(?:new\s+DataSource|defineDataSource)\s*\(`;
const exportedDirectly = new RegExp(
  String.raw`(?:export\s+default|export\s+(?:const|let|var)\s+\w+[^=\n]*=|module\.exports\s*=|exports\.\w+\s*=)\s*${made}`,
);
const declared = new RegExp(String.raw`(?:const|let|var)\s+(\w+)[^=\n]*=\s*${made}`, 'g');

function exportsDataSource({ text }: ProjectFile): boolean {
  if (exportedDirectly.test(text)) return true;
  return [...text.matchAll(declared)].some(([, name]) =>
    new RegExp(String.raw`export\s+default\s+${name}\b|export\s*\{[^}]*\b${name}\b|exports\b[^\n]*\b${name}\b`).test(
      text,
    ),
  );
}

/** The root modules of the apps whose modules connect: a connection may be in a module of its own, and the root module has all entities. */
function appModules(dir: string, files: readonly ProjectFile[]): readonly string[] {
  const connecting = files.filter(({ text }) =>
    text
      .split('\n')
      .some((line) => /TypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/.test(line) && !/^\s*(?:\/\/|\*)/.test(line)),
  );
  const roots = sourceRoots(dir);
  const modules = connecting.map(({ file }) => {
    const root = roots.find((one) => file.startsWith(`${one}/`)) ?? 'src';
    const module = ['app.module.ts', 'app/app.module.ts'].map((name) => `${root}/${name}`);
    // A library of a workspace belongs to no app; its module is then the one to load.
    return module.find((one) => file.startsWith(`${root}/`) && existsSync(join(dir, one))) ?? file;
  });
  const unique = [...new Set(modules)];
  const ofApps = unique.filter((file) => /(?:^|\/)app\.module\.ts$/.test(file));
  return ofApps.length > 0 ? ofApps : unique.slice(0, 1);
}

/** Of each project of a Nest workspace. */
function sourceRoots(dir: string): readonly string[] {
  const { projects = {} } = (readJson(join(dir, 'nest-cli.json')) ?? {}) as {
    readonly projects?: Readonly<Record<string, { readonly sourceRoot?: string }>>;
  };
  return Object.values(projects).flatMap(({ sourceRoot }) => sourceRoot ?? []);
}
