import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { installLine } from '../package-manager.js';
import { asUsersCode } from './users-code.js';
import { requireFrom } from '../require-from.js';
import { missingPackage } from './missing-package.js';
import { unbuiltPackage } from './unbuilt-package.js';
import { unsetVariables } from './unset-variables.js';

/** Loads a file of the user as Node would: as an ES module, or as CommonJS through `require`, which Jest replaces by its own. */
export async function importFile(file: string): Promise<unknown> {
  try {
    return await asUsersCode(() => load(file));
  } catch (error) {
    throw isMigrateError(error) ? error : loadingFailed(file, error);
  }
}

/** The `import` of a file of the project. */
export type ImportFile = (file: string) => Promise<unknown>;

// Shared between the ESM and the CommonJS copy of this package.
const shared = ((globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.import')] ??= {}) as {
  throughProject?: ImportFile;
};

/** From now on, loads files of the project with the project's own `import`. */
export function importThrough(load: ImportFile): void {
  shared.throughProject = load;
}

async function load(file: string): Promise<unknown> {
  isEsModuleLoaded ||= moduleKindOf(file) === 'esm';
  const { throughProject } = shared;
  if (throughProject === undefined) return loadHere(file);
  return throughProject(addressOf(file)).catch((error: unknown) => {
    // Jest without flags for ES modules has no import(), but its `require` belongs to the project.
    if (codeOf(error) === 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG') return loadHere(file);
    throw error;
  });
}

async function loadHere(file: string): Promise<unknown> {
  return moduleKindOf(file) === 'esm'
    ? import(/* webpackIgnore: true */ pathToFileURL(file).href)
    : (requireFrom(file)(file) as unknown);
}

let isEsModuleLoaded = false;

/** Whether a file of the project was loaded as an ES module. */
export function hasLoadedEsModules(): boolean {
  return isEsModuleLoaded;
}

/** On Windows, `import` needs a URL, but in a CommonJS project it is compiled to `require`, which needs a path. */
function addressOf(file: string): string {
  return process.platform === 'win32' && moduleKindOf(file) === 'esm' ? pathToFileURL(file).href : file;
}

/** How a file is loaded. */
export function moduleKindOf(file: string): ModuleKind {
  return isAllRequired && extname(file) === '.ts' ? 'cjs' : packageKindOf(file);
}

/** By its extension, or else by the nearest package.json. */
export function packageKindOf(file: string): ModuleKind {
  const extension = extname(file);
  if (/^\.m[jt]s$/.test(extension)) return 'esm';
  if (/^\.(?:c[jt]s|json)$/.test(extension)) return 'cjs';
  const dir = dirname(file);
  const known = kinds.get(dir) ?? kindOfFilesIn(dir);
  kinds.set(dir, known);
  return known;
}

let isAllRequired = false;

/** Whether TypeScript files are loaded by `require` from now on, whatever their package says: see typescript/register.ts. */
export function requireAllTypeScript(are: boolean): void {
  isAllRequired = are;
}

export type ModuleKind = 'esm' | 'cjs';
/** Cached by folder, as in Node: one folder may contain a thousand migrations. */
const kinds = new Map<string, ModuleKind>();

function kindOfFilesIn(folder: string): ModuleKind {
  for (let dir = folder; ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest)) return /"type"\s*:\s*"module"/.test(readFileSync(manifest, 'utf8')) ? 'esm' : 'cjs';
    if (dir === dirname(dir)) return 'cjs';
  }
}

function loadingFailed(file: string, error: unknown): MigrateError {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (
    code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    (/\.[cm]?ts$/.test(file) && error instanceof SyntaxError && !isMissingExport(error) && !isInProject(error))
  ) {
    return new MigrateError({
      code: 'FILE_LOAD_FAILED',
      message: `${file} is TypeScript, and this process cannot load TypeScript: ${messageOf(error)}`,
      next: typeScriptToInstall(file) ?? howToLoadTypeScript(),
      cause: error,
    });
  }
  return new MigrateError({
    code: 'FILE_LOAD_FAILED',
    message: `${file} could not be loaded: ${messageOf(error)}${locationOf(error, file)}`,
    next:
      typeScriptToInstall(file) ??
      relationHint(error) ??
      unbuiltPackage(error, file) ??
      missingPackage(error, file) ??
      toSet(error) ??
      'Correct that file, or the file or package that it imports. The database was not touched.',
    cause: error,
  });
}

function toSet(error: unknown): string | undefined {
  const set = unsetVariables(error);
  return set && `${set}. The database was not touched.`;
}

/** The file is valid and its imports were found, but it imports a name that the other module does not export. */
function isMissingExport(error: SyntaxError): boolean {
  return /does not provide an export named|^Named export '.*' not found/.test(error.message);
}

/** For a process without a loader for TypeScript, or whose loader does not see this import. */
export function howToLoadTypeScript(): string {
  return process.env['VITEST'] === undefined
    ? 'Make the patterns of the data source match the compiled .js files, or use the nest-migrate command, which loads TypeScript.'
    : 'Let Vitest load it like the rest of the app: create the data source with defineDataSource, and add `import: (file) => import(file)` to its options. Or list classes instead of patterns.';
}

/** The error if TypeORM could not load a TypeScript file; undefined for all other errors. */
export function typeScriptNotLoaded(error: unknown): MigrateError | undefined {
  const file = / for (.+)$/.exec(messageOf(error))?.[1];
  if (codeOf(error) !== 'ERR_UNKNOWN_FILE_EXTENSION' || file === undefined) return undefined;
  return loadingFailed(file, error);
}

/**
 * In ES modules whose entities import each other, the metadata of a property may need a class that is not defined yet. Nothing but its name
 * tells a class from a constant.
 */
export function relationHint(error: unknown): string | undefined {
  const early = /^Cannot access '(\w+)' before initialization/.exec(messageOf(error))?.[1];
  if (early === undefined) return undefined;
  if (/^[a-z_]/.test(early))
    return `${early} is used before the line that declares it is executed. Move that line up; or, if two files import each other, declare ${early} in a file that imports neither of them.`;
  return `The files import each other. If ${early} is the type of an entity property, write Relation<${early}> (import type { Relation } from 'typeorm'), so that the class is not needed while the files are loaded.`;
}

/** Node alone only strips types: decorators, enums and the project's `paths` need the compiler. */
export function typeScriptToInstall(file: string): string | undefined {
  if (!/\.[cm]?ts$/.test(file)) return undefined;
  try {
    requireFrom(file).resolve('typescript');
    return undefined;
  } catch {
    const line = installLine('typescript', dirname(file));
    return `Install TypeScript, which the project lacks: ${line}. Or use the compiled .js files, in the patterns of the data source and with --data-source.`;
  }
}

function isInProject(error: Error): boolean {
  return /\.[cm]?js:\d+/.test(error.stack?.split('\n')[0] ?? '');
}

/** The position of the first stack frame in the user's own code. */
export function locationOf(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /:\d+(?::\d+)?\)?$/.test(line) && !/node:|node_modules/.test(line));
  const frame = frames.find((line) => line.includes(file)) ?? frames[0];
  const place =
    frame && /((?:file:\/\/)?\/[^():]+:\d+(?::\d+)?|[A-Za-z]:\\[^():]+:\d+(?::\d+)?)\)?$/.exec(frame.trim())?.[1];
  return place ? `\n  at ${place.replace('file://', '')}` : '';
}

/** Whether Node itself removes the types of TypeScript: https://nodejs.org/api/typescript.html */
export function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}
