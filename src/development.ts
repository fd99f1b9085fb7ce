import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { clauseOf, codeOf, ExitCode, MigrateError } from './errors.js';
import { installLine } from './package-manager.js';
import { packageVersion } from './version.js';
import { requireFrom } from './require-from.js';

/** The package that brings what only development needs, such as PGlite, each in the version that this one was tested with. */
export const devPackage = 'nest-migrate-dev';

/** What it re-exports: only that package itself can import them under pnpm and Yarn's Plug'n'Play. */
type Entry = 'pglite' | 'pg-delta' | 'libpg-query' | 'prompts';

interface Installed {
  readonly dir: string;
  readonly resolve: (name: string) => string;
  /** Exact versions. */
  readonly dependencies: Readonly<Record<string, string>>;
}

// Shared between the ESM and the CommonJS copy of this package, which must load the same copy of the other one.
const shared = ((globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.development')] ??= {
  projects: [],
  own: [],
}) as { readonly projects: string[]; readonly own: string[]; installed?: Installed };

/** The folder of a data source: its package comes first when the other package is looked for. */
export function searchFrom(dir: string): void {
  if (!shared.projects.includes(dir)) shared.projects.push(dir);
}

/** Where this package itself lies, as far as that is known: the last place to look. */
export function searchAtLast(dir: string): void {
  if (!shared.own.includes(dir)) shared.own.push(dir);
}

/** Loads one entry of nest-migrate-dev. `purpose` begins the sentence that says what it is needed for. */
export async function importForDevelopment<T>(entry: Entry, purpose: string): Promise<T> {
  const file = installedFor(purpose).resolve(`${devPackage}/${entry}`);
  try {
    return (await import(/* webpackIgnore: true */ pathToFileURL(file).href)) as T;
  } catch (error) {
    throw incompleteInstallation(error) ?? error;
  }
}

/** That the package is there, but not what it depends on, if that is why it could not be loaded. */
export function incompleteInstallation(cause: unknown): MigrateError | undefined {
  if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND') return undefined;
  return new MigrateError({
    code: 'PACKAGE_MISSING',
    message: `The installation of ${devPackage} is incomplete: ${clauseOf(cause)}.`,
    next: `Install it again: ${installLine(`${devPackage}@${packageVersion}`)}`,
    exitCode: ExitCode.usage,
    cause,
  });
}

/** The code of a thread with PGlite. */
export function developmentThread(purpose: string): URL {
  return pathToFileURL(join(installedFor(purpose).dir, 'thread.js'));
}

/** A file of that package that is no module, where the package is installed. */
export function developmentFile(name: string): string | undefined {
  const installed = find();
  return installed && join(installed.dir, name);
}

/** The exact version of what it brings: `'@electric-sql/pglite'`. Undefined without the package. */
export function developmentVersion(name: string): string | undefined {
  return find()?.dependencies[name];
}

/** Whether a project has that package, as far as its own folder and its workspace can tell. */
export function isDevelopmentInstalled(dir: string): boolean {
  return [dir, workspaceRoot(dir)].some(
    (place) => place !== undefined && resolveAt(place, `${devPackage}/package.json`) !== undefined,
  );
}

function installedFor(purpose: string): Installed {
  const installed = find();
  if (installed !== undefined) return installed;
  const production = process.env['NODE_ENV'] === 'production' ? ' A production image does not need it.' : '';
  throw new MigrateError({
    code: 'PACKAGE_MISSING',
    message: `${purpose} the package ${devPackage}, which is not installed here.`,
    next: `Install it for development: ${installLine(`${devPackage}@${packageVersion}`)}.${production}`,
    exitCode: ExitCode.usage,
  });
}

/** The first one that is found is the one for the whole process. */
function find(): Installed | undefined {
  if (shared.installed !== undefined) return shared.installed;
  for (const dir of places()) {
    const found = installedAt(dir);
    if (found !== undefined) return (shared.installed = found);
  }
  return undefined;
}

/** The package of the data source, the root of its workspace, the working directory, and where this package itself is installed. */
function* places(): Generator<string> {
  const projects = [...shared.projects, process.cwd()];
  for (const dir of projects) {
    yield dir;
    const root = workspaceRoot(dir);
    if (root !== undefined) yield root;
  }
  for (const dir of projects) {
    const own = resolveAt(dir, 'nest-migrate/package.json');
    if (own !== undefined) yield dirname(own);
  }
  yield* shared.own;
}

function installedAt(place: string): Installed | undefined {
  const file = resolveAt(place, `${devPackage}/package.json`);
  if (file === undefined) return undefined;
  const { version, dependencies } = JSON.parse(readFileSync(file, 'utf8')) as Installed & { readonly version: string };
  if (version !== packageVersion) throw mismatch(version, dirname(file));
  return { dir: dirname(file), dependencies, resolve: requireAt(place).resolve };
}

/** They are released together, and one relies on what the other one brings. */
function mismatch(version: string, dir: string): MigrateError {
  return new MigrateError({
    code: 'PACKAGE_MISMATCH',
    message: `${devPackage} is ${version} (in ${dir}), and nest-migrate is ${packageVersion}: both must have the same version.`,
    next: `Install the matching version: ${installLine(`${devPackage}@${packageVersion}`)}`,
    exitCode: ExitCode.usage,
  });
}

/** Under pnpm and Plug'n'Play, what is installed in the root of a workspace is not found from its packages. */
function workspaceRoot(dir: string): string | undefined {
  for (let parent = dirname(dir); parent !== dirname(parent); parent = dirname(parent))
    if (existsSync(join(parent, 'pnpm-workspace.yaml')) || hasWorkspaces(join(parent, 'package.json'))) return parent;
  return undefined;
}

function hasWorkspaces(manifest: string): boolean {
  return existsSync(manifest) && readFileSync(manifest, 'utf8').includes('"workspaces"');
}

function requireAt(dir: string): NodeJS.Require {
  return requireFrom(join(dir, 'package.json'));
}

function resolveAt(dir: string, name: string): string | undefined {
  try {
    return requireAt(dir).resolve(name);
  } catch (error) {
    if (codeOf(error) === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
