import { realpathSync, statSync } from 'node:fs';
import type { Dirent, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import type { ListedFile, MigrationClass, MigrationList } from './migration.js';
import { expectedName, mayHoldMigrations } from './name.js';
import { filesOfPlainPattern } from './plain-pattern.js';

/** Lists what the `migrations` option names. Only the entries of folders are read: with a thousand files this stays quick. */
export async function listMigrations(sources: DataSourceOptions['migrations']): Promise<MigrationList> {
  const all = Array.isArray(sources) ? sources : Object.values(sources ?? {});
  const classes = all.filter((source): source is MigrationClass => typeof source === 'function');
  const patterns = all.filter((source): source is string => typeof source === 'string');
  const found = await Promise.all(patterns.map(async (pattern) => ({ pattern, files: await expand(pattern) })));
  const files = [...new Set(found.flatMap((match) => match.files))];
  return {
    files: files.map(listed).sort(byExpectation),
    classes: [...new Set(classes)],
    patterns,
    unmatched: found
      .filter((match) => match.files.length === 0)
      .map(({ pattern }) => ({ pattern, folder: folderOf(pattern) })),
    folder: patterns[0] === undefined ? undefined : folderOf(patterns[0]),
  };
}

async function expand(pattern: string): Promise<readonly string[]> {
  refuseFolder(pattern);
  const normal = withSlashes(pattern);
  const matches = filesOfPlainPattern(normal) ?? (await filesByMatcher(normal));
  return inTheirFolders(matches.filter(mayHoldMigrations));
}

/** Backslashes are separators on Windows, as TypeORM takes them; elsewhere they may escape. */
function withSlashes(pattern: string): string {
  return process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}

const globOptions = { absolute: true, onlyFiles: true, expandDirectories: false, dot: false };

async function filesByMatcher(pattern: string): Promise<readonly string[]> {
  const { glob } = await import('tinyglobby');
  return glob(pattern, globOptions);
}

/** Whether a pattern will match a file once it is there, also where one of them names its folder through a symbolic link. */
export async function willMatch(pattern: string, file: string): Promise<boolean> {
  if (!mayHoldMigrations(file)) return false;
  const { globSync } = await import('tinyglobby');
  const folder = folderOf(pattern);
  const within = relative(real(folder), real(file));
  const asNamed = within.startsWith('..') ? [] : [join(folder, within)];
  return [file, ...asNamed].some(
    (one) => globSync(withSlashes(pattern), { ...globOptions, fs: { readdirSync: only(one) } }).length > 0,
  );
}

/** A file system in which there is one file, and the folders that lead to it. */
function only(file: string): typeof readdirSync {
  const entriesOf = (folder: string): readonly Partial<Dirent>[] => {
    const [name, ...rest] = relative(resolve(folder), file).split(sep);
    if (name === undefined || name === '' || name === '..' || isAbsolute(name)) return [];
    const [isFile, isLink] = [() => rest.length === 0, () => false];
    return [{ name, isFile, isDirectory: () => !isFile(), isSymbolicLink: isLink }];
  };
  return entriesOf as unknown as typeof readdirSync;
}

/** Without symbolic links, as far as the path exists. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(real(parent), basename(path));
  }
}

/** As the system writes paths. Only folders are looked at closely: there are few, and of files there may be thousands. */
function inTheirFolders(files: readonly string[]): readonly string[] {
  const folders = new Map<string, string>();
  return files.map((file) => {
    const end = file.lastIndexOf('/');
    const folder = file.slice(0, end + 1);
    const known = folders.get(folder) ?? resolve(folder);
    folders.set(folder, known);
    return known.endsWith(sep) ? known + file.slice(end + 1) : known + sep + file.slice(end + 1);
  });
}

function refuseFolder(pattern: string): void {
  if (/[*?{}[\]()!]/.test(pattern) || !statSync(pattern, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `"${pattern}" in the \`migrations\` option is a folder; it must be a pattern of files.`,
    next: `Write ${JSON.stringify(`${pattern.replace(/[\\/]$/, '')}/*.{ts,js,sql}`)} instead.`,
    exitCode: ExitCode.usage,
  });
}

const literal = /\[([()[\]{}*?])\]/g;

/** The part of a pattern before its first magic character; a class of one character, `[(]`, is no magic. */
export function folderOf(pattern: string): string {
  const parts = pattern.split(/[\\/]/);
  const magic = parts.findIndex((part) => /[*?{}[\]()!]/.test(part.replace(literal, '')));
  const folder = parts
    .slice(0, magic === -1 ? -1 : magic)
    .join('/')
    .replace(literal, '$1');
  return isAbsolute(pattern) && folder === '' ? '/' : resolve(folder);
}

function listed(file: string): ListedFile {
  return { file, expected: expectedName(file) };
}

function byExpectation(a: ListedFile, b: ListedFile): number {
  return (a.expected?.timestamp ?? Infinity) - (b.expected?.timestamp ?? Infinity) || (a.file < b.file ? -1 : 1);
}
