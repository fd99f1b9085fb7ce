import { realpathSync } from 'node:fs';
import type { Dirent, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isFolder } from './exists.js';
import { ExitCode, MigrateError } from '../errors.js';
import type { ListedFile, Listing, MigrationClass, MigrationList } from './migration.js';
import { expectedName, mayHoldMigrations } from './name.js';
import { isOutput, refuseMissingSources } from './outputs.js';
import type { Sources } from './outputs.js';
import { folderOf, withLiteralFolders } from './pattern-folder.js';
import { filesOfPlainPattern } from './plain-pattern.js';
import { withSources } from './sources.js';

/**
 * Lists the files that the `migrations` option matches. Only folder entries are read, so it stays fast with a thousand files. In
 * development, compiled files stand for their sources.
 */
export async function listMigrations({ migrations, settings, loads, leavesOut }: Listing): Promise<MigrationList> {
  const all = Array.isArray(migrations) ? migrations : Object.values(migrations ?? {});
  const classes = all.filter((source): source is MigrationClass => typeof source === 'function');
  const patterns = all.filter((source): source is string => typeof source === 'string');
  if (process.env['NODE_ENV'] !== 'production') refuseMissingSources(settings.sources);
  const matches = await Promise.all(patterns.map(async (pattern) => ({ pattern, files: await expand(pattern) })));
  const built = await withSources(matches, { sources: sourcesIn(settings, patterns), loads, expand });
  const [first] = patterns;
  const counted = leavesOut === undefined ? built.files : built.files.filter((file) => !leavesOut(file));
  return {
    files: counted.map(listed).sort(byExpectation),
    stale: built.stale.map(listed),
    notCompiled: built.notCompiled.map(listed),
    classes: [...new Set(classes)],
    patterns,
    sourcePatterns: built.patterns,
    loads,
    unmatched: built.unmatched.map((pattern) => ({ pattern, folder: folderOf(pattern) })),
    folder: first === undefined ? undefined : (built.folders.get(first) ?? folderOf(first)),
  };
}

/** If the first pattern names compiled files, the setting `dir` says where their sources are. */
function sourcesIn({ sources, dir }: Listing['settings'], [first]: readonly string[]): Sources {
  if (sources === false || dir === undefined || first === undefined || !isOutput(folderOf(first))) return sources;
  return { [folderOf(first)]: dir, ...sources };
}

async function expand(given: string): Promise<readonly string[]> {
  const pattern = withLiteralFolders(given);
  refuseFolder(pattern);
  const normal = withSlashes(pattern);
  const matches = filesOfPlainPattern(normal) ?? (await filesByMatcher(normal));
  return inTheirFolders(matches.filter(mayHoldMigrations));
}

/** Backslashes are separators on Windows, as in TypeORM; elsewhere they may escape a character. */
function withSlashes(pattern: string): string {
  return process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}

const globOptions = { absolute: true, onlyFiles: true, expandDirectories: false, dot: false };

async function filesByMatcher(pattern: string): Promise<readonly string[]> {
  const { glob } = await import('tinyglobby');
  return glob(pattern, globOptions);
}

/** Whether a pattern will match a file once the file exists, even if one of them reaches the folder through a symbolic link. */
export async function willMatch(pattern: string, file: string): Promise<boolean> {
  if (!mayHoldMigrations(file)) return false;
  const { globSync } = await import('tinyglobby');
  const folder = folderOf(pattern);
  const within = relative(real(folder), real(file));
  const asNamed = within.startsWith('..') ? [] : [join(folder, within)];
  return [file, ...asNamed].some(
    (one) =>
      globSync(withSlashes(withLiteralFolders(pattern)), { ...globOptions, fs: { readdirSync: only(one) } }).length > 0,
  );
}

/** A file system that contains only this file and the folders that lead to it. */
function only(file: string): typeof readdirSync {
  const entriesOf = (folder: string): readonly Partial<Dirent>[] => {
    const [name, ...rest] = relative(resolve(folder), file).split(sep);
    if (name === undefined || name === '' || name === '..' || isAbsolute(name)) return [];
    const [isFile, isLink] = [() => rest.length === 0, () => false];
    return [{ name, isFile, isDirectory: () => !isFile(), isSymbolicLink: isLink }];
  };
  return entriesOf as unknown as typeof readdirSync;
}

/** The path with symbolic links resolved, as far as it exists. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(real(parent), basename(path));
  }
}

/** The paths as the operating system spells them. Only folders are resolved: there are few of them, but there may be thousands of files. */
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
  if (/[*?{}[\]()!]/.test(pattern) || !isFolder(pattern)) return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `"${pattern}" in the \`migrations\` option is a folder; it must be a pattern of files.`,
    next: `Write ${JSON.stringify(`${pattern.replace(/[\\/]$/, '')}/*.{ts,js,sql}`)} instead.`,
    exitCode: ExitCode.usage,
  });
}

function listed(file: string): ListedFile {
  return { file, expected: expectedName(file) };
}

function byExpectation(a: ListedFile, b: ListedFile): number {
  return (a.expected?.timestamp ?? Infinity) - (b.expected?.timestamp ?? Infinity) || (a.file < b.file ? -1 : 1);
}
