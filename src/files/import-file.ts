import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';
import { installLine } from '../package-manager.js';
import { asUsersCode } from './users-code.js';

/** Loads a file of the user as Node would: as an ES module or as CommonJS. CommonJS goes through `require`, which Jest knows too. */
export async function importFile(file: string): Promise<unknown> {
  try {
    return await asUsersCode(() => load(file));
  } catch (error) {
    throw isMigrateError(error) ? error : loadingFailed(file, error);
  }
}

async function load(file: string): Promise<unknown> {
  return moduleKindOf(file) === 'esm' ? import(pathToFileURL(file).href) : (createRequire(file)(file) as unknown);
}

/** How Node treats a file: by its extension, else by the nearest package.json. */
export function moduleKindOf(file: string): ModuleKind {
  const extension = extname(file);
  if (/^\.m[jt]s$/.test(extension)) return 'esm';
  if (/^\.c[jt]s$/.test(extension)) return 'cjs';
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
    (/\.[cm]?ts$/.test(file) && error instanceof SyntaxError && !isInProject(error))
  ) {
    return new MigrateError({
      code: 'FILE_LOAD_FAILED',
      message: `${file} is TypeScript, and this process cannot load TypeScript: ${messageOf(error)}`,
      next:
        typeScriptToInstall(file) ??
        'Let the `migrations` patterns of the data source match the compiled .js files here, or use the nest-migrate command, which loads TypeScript.',
      cause: error,
    });
  }
  return new MigrateError({
    code: 'FILE_LOAD_FAILED',
    message: `${file} could not be loaded: ${messageOf(error)}${locationOf(error, file)}`,
    next:
      typeScriptToInstall(file) ??
      'Correct that file, or the file or package that it imports. The database was not touched.',
    cause: error,
  });
}

/** Node by itself only takes the types out of a file: decorators, enums and the like need the compiler, and so does the project's `paths`. */
export function typeScriptToInstall(file: string): string | undefined {
  if (!/\.[cm]?ts$/.test(file)) return undefined;
  try {
    createRequire(file).resolve('typescript');
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
