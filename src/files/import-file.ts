import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { installLine } from '../package-manager.js';
import { asUsersCode } from './users-code.js';
import { requireFrom } from '../require-from.js';

/** Loads a file of the user as Node would: as an ES module or as CommonJS. CommonJS goes through `require`, which Jest knows too. */
export async function importFile(file: string): Promise<unknown> {
  try {
    return await asUsersCode(() => load(file));
  } catch (error) {
    throw isMigrateError(error) ? error : loadingFailed(file, error);
  }
}

/** `import`, in a file of the project. */
export type ImportFile = (file: string) => Promise<unknown>;

// Shared between the ESM and the CommonJS copy of this package.
const shared = ((globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.import')] ??= {}) as {
  throughProject?: ImportFile;
};

/** From now on files of the project are loaded by its own `import`. */
export function importThrough(load: ImportFile): void {
  shared.throughProject = load;
}

async function load(file: string): Promise<unknown> {
  const { throughProject } = shared;
  if (throughProject === undefined) return loadHere(file);
  return throughProject(addressOf(file)).catch((error: unknown) => {
    // Jest without flags for ES modules has no import(), but its `require` is the project's own.
    if (codeOf(error) === 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG') return loadHere(file);
    throw error;
  });
}

async function loadHere(file: string): Promise<unknown> {
  return moduleKindOf(file) === 'esm'
    ? import(/* webpackIgnore: true */ pathToFileURL(file).href)
    : (requireFrom(file)(file) as unknown);
}

/** On Windows, `import` takes a URL, and the `require` that it is compiled to in a CommonJS project takes a path. */
function addressOf(file: string): string {
  return process.platform === 'win32' && moduleKindOf(file) === 'esm' ? pathToFileURL(file).href : file;
}

/** How Node treats a file: by its extension, else by the nearest package.json. */
export function moduleKindOf(file: string): ModuleKind {
  const extension = extname(file);
  if (/^\.m[jt]s$/.test(extension)) return 'esm';
  if (/^\.(?:c[jt]s|json)$/.test(extension)) return 'cjs';
  const dir = dirname(file);
  const known = kinds.get(dir) ?? kindOfFilesIn(dir);
  kinds.set(dir, known);
  return known;
}

type ModuleKind = 'esm' | 'cjs';
/** By folder: a thousand migrations lie in one. Node too asks only once. */
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
      'Correct that file, or the file or package that it imports. The database was not touched.',
    cause: error,
  });
}

/** The file is well-formed, and was loaded: it imports a name that the other module does not have. */
function isMissingExport(error: SyntaxError): boolean {
  return /does not provide an export named/.test(error.message);
}

function howToLoadTypeScript(): string {
  return process.env['VITEST'] === undefined
    ? 'Let the patterns of the data source match the compiled .js files here, or use the nest-migrate command, which loads TypeScript.'
    : 'Have Vitest load it, as it loads the app: add `import: (file) => import(file)` to the options of defineDataSource.';
}

/** What TypeORM could not load, and that was no question of the connection. */
export function typeScriptNotLoaded(error: unknown): MigrateError | undefined {
  const file = / for (.+)$/.exec(messageOf(error))?.[1];
  if (codeOf(error) !== 'ERR_UNKNOWN_FILE_EXTENSION' || file === undefined) return undefined;
  return loadingFailed(file, error);
}

/** Entities that import each other, in ES modules: the metadata of a property needs the class before it is there. */
export function relationHint(error: unknown): string | undefined {
  const early = /^Cannot access '(\w+)' before initialization/.exec(messageOf(error))?.[1];
  if (early === undefined) return undefined;
  return `The files import each other. Where ${early} is the type of a property of an entity, write Relation<${early}> (import type { Relation } from 'typeorm'), so that the class is not needed while the files are loaded.`;
}

/** Node by itself only takes the types out of a file: decorators, enums and the like need the compiler, and so does the project's `paths`. */
export function typeScriptToInstall(file: string): string | undefined {
  if (!/\.[cm]?ts$/.test(file)) return undefined;
  try {
    requireFrom(file).resolve('typescript');
    return undefined;
  } catch {
    const line = installLine('typescript', dirname(file));
    return `Install TypeScript, which the project does not have: ${line}. Or name the compiled .js files: in the patterns of the data source, and with --data-source.`;
  }
}

function isInProject(error: Error): boolean {
  return /\.[cm]?js:\d+/.test(error.stack?.split('\n')[0] ?? '');
}

/** Where the first frame of a stack that lies in the user's own code is. */
function locationOf(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /:\d+(?::\d+)?\)?$/.test(line) && !/node:|node_modules/.test(line));
  const frame = frames.find((line) => line.includes(file)) ?? frames[0];
  const place =
    frame && /((?:file:\/\/)?\/[^():]+:\d+(?::\d+)?|[A-Za-z]:\\[^():]+:\d+(?::\d+)?)\)?$/.exec(frame.trim())?.[1];
  return place ? `\n  at ${place.replace('file://', '')}` : '';
}
