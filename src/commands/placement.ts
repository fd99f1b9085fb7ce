import { existsSync, readdirSync } from 'node:fs';
import { extname, join, relative, resolve, sep } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';
import { willMatch } from '../files/list-migrations.js';
import type { MigrationList } from '../files/migration.js';
import { expectedName, mayHoldMigrations } from '../files/name.js';
import { compiledFolderOf, isInside, isOutput } from '../files/outputs.js';
import { folderOf } from '../files/pattern-folder.js';

/**
 * How the data source will find a new migration: a pattern matches its file, or the file it is compiled to, or its class has to be added to
 * a list.
 */
export type FoundBy = 'pattern' | 'build' | 'list';

export interface Placement {
  readonly folder: string;
  readonly foundBy: FoundBy;
}

export interface NewFile {
  /** The name of the file, or a similar one. */
  readonly name: string;
  /** The folder given by `--dir`. */
  readonly dir: string | undefined;
  /** The folder in the setting `dir`. */
  readonly setting: string | undefined;
  readonly cwd: string;
}

/** The folder for new migrations. */
export function folderFor(existing: MigrationList, { dir, setting, cwd }: Omit<NewFile, 'name'>): string {
  return resolve(cwd, dir ?? setting ?? existing.folder ?? 'migrations');
}

/** Where a new migration is written. A place where the data source would never find it is refused. */
export async function placementOf(existing: MigrationList, wanted: NewFile): Promise<Placement> {
  const folder = folderFor(existing, wanted);
  const foundBy = await foundByOf(folder, existing, wanted);
  if (foundBy !== undefined) return { folder, foundBy };
  if (existing.patterns.length === 0) throw withoutPatterns(folder, existing, wanted);
  throw isTypeScript(wanted.name) && isOutput(folder)
    ? onlyCompiled(existing, wanted)
    : await notMatched(folder, existing, wanted);
}

/** Undefined if it would not be found at all, or be lost with the next build. */
export async function foundByOf(
  folder: string,
  existing: MigrationList,
  wanted: NewFile,
): Promise<FoundBy | undefined> {
  const isLost = isTypeScript(wanted.name) && !isChosen(wanted) && isOutput(folder);
  const file = join(folder, wanted.name);
  if (!isLost && (await matchesAny(existing.patterns, file))) return 'pattern';
  if (await matchesAny(existing.sourcePatterns, file)) return existing.loads === 'typescript' ? 'pattern' : 'build';
  if (await isFoundCompiled(folder, existing, wanted)) return 'build';
  return existing.classes.length > 0 && !wanted.name.endsWith('.sql') ? 'list' : undefined;
}

/** Refused because the data source does not find sources that are not compiled yet: `generate` would repeat what they do. */
export function refuseNotCompiled(folder: string, existing: MigrationList, cwd: string, own: readonly string[]): void {
  const known = new Set([
    ...existing.files.map(({ expected }) => expected?.name),
    ...existing.classes.map(({ name }) => name),
  ]);
  const missing = filesIn(folder).filter((file) => !known.has(expectedName(file)?.name) && !own.includes(file));
  if (missing[0] === undefined) return;
  const others = missing.length === 1 ? 'is' : `and ${missing.length - 1} more in that folder are`;
  throw notMatchedError(
    `${relative(cwd, join(folder, missing[0]))} ${others} not compiled yet, so the data source does not find ${missing.length === 1 ? 'it' : 'them'}, and the same change would be generated again. Nothing was written.`,
    'Build the project first (npm run build), then try again.',
  );
}

async function matchesAny(patterns: readonly string[], file: string): Promise<boolean> {
  for (const pattern of patterns) if (await willMatch(pattern, file)) return true;
  return false;
}

/** Whether the file is compiled to one that a pattern matches, as far as existing files or the names of the folders show. */
async function isFoundCompiled(folder: string, existing: MigrationList, { name, cwd }: NewFile): Promise<boolean> {
  const found = new Set(existing.files.map(({ file }) => file));
  const unlisted = filesIn(folder).filter((file) => !found.has(join(folder, file)));
  const sources = new Set(unlisted.map((file) => expectedName(file)?.name));
  if (existing.files.some(({ expected }) => expected !== undefined && sources.has(expected.name))) return true;
  const own = relative(cwd, folder).split(sep);
  const compiled = name.replace(/\.([cm]?)ts$/, '.$1js');
  for (const pattern of existing.patterns) {
    const output = relative(cwd, folderOf(pattern)).split(sep);
    const places = output.flatMap((_segment, at) => {
      const start = output.slice(0, at + 1);
      if (!isOutput(join(cwd, ...start)) || isInside(folder, join(cwd, ...start))) return [];
      return own.map((_one, from) => join(cwd, ...start, ...own.slice(from)));
    });
    for (const place of places) if (await willMatch(pattern, join(place, compiled))) return true;
  }
  return false;
}

function isTypeScript(name: string): boolean {
  return /\.[cm]?ts$/.test(name);
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((file) => mayHoldMigrations(file) && expectedName(file)) : [];
}

function withoutPatterns(folder: string, { classes }: MigrationList, wanted: NewFile): MigrateError {
  const { cwd } = wanted;
  if (classes.length > 0)
    return notMatchedError(
      'The data source lists its migrations as classes, so a .sql file would never run. Nothing was written.',
      `Leave out --sql; or add this pattern to the \`migrations\` of the data source: '${anyIn(folder, cwd)}'`,
    );
  const { source, compiled } = proposed(folder, wanted);
  const extensions = wanted.name.endsWith('.sql') ? '{js,sql}' : 'js';
  const line = `migrations: ['${compiled === undefined ? anyIn(source, cwd) : `${shown(compiled, cwd)}/*.${extensions}`}'],`;
  return notMatchedError(
    `The \`migrations\` of the data source is missing or empty, so a migration in ${shown(source, cwd)} would never run. Nothing was written.`,
    `Add this line to the options of the data source: ${line}${compiled === undefined ? '' : `\nIn development, commands read and write the sources, in ${shown(source, cwd)}.`}`,
  );
}

/**
 * Where a data source without `migrations` could have them. In an app that is compiled, they are compiled with it: a TypeScript file outside
 * of its sources would not run in production, and would move the entry file to `dist/src`.
 */
function proposed(folder: string, wanted: NewFile): { readonly source: string; readonly compiled?: string } {
  const source = isChosen(wanted) ? folder : join(wanted.cwd, 'src', 'migrations');
  const compiled = compiledFolderOf(source);
  return compiled === undefined ? { source: folder } : { source, compiled };
}

function isChosen({ dir, setting }: NewFile): boolean {
  return dir !== undefined || setting !== undefined;
}

/** The error for `dist/migrations/*.js` if nothing says where the sources are. */
function onlyCompiled({ patterns }: MigrationList, { cwd }: NewFile): MigrateError {
  const output = relative(cwd, folderOf(patterns[0] ?? '')).split(sep);
  const tail = output.slice(1).join('/');
  const source = existsSync(join(cwd, 'src')) ? ['src', tail].filter(Boolean).join('/') : tail || 'migrations';
  return notMatchedError(
    `The \`migrations\` of the data source (${listed(patterns, cwd)}) are compiled files, and it is not known where their sources are. Nothing was written.`,
    `Name the folder of the sources: --dir ${source}. To keep it, add it to package.json: "nest-migrate": { "dir": "${source}" }`,
  );
}

async function notMatched(folder: string, existing: MigrationList, { name, cwd }: NewFile): Promise<MigrateError> {
  const { patterns } = existing;
  const ways: string[] = [];
  for (const pattern of patterns) {
    const other = folderOf(pattern);
    if (other !== folder && (await willMatch(pattern, join(other, name)))) {
      ways.push(`Write it to a folder that a pattern matches: --dir ${shown(other, cwd)}.`);
      break;
    }
  }
  const javaScript = join(folder, name.replace(extname(name), '.js'));
  if (isTypeScript(name) && (await matchesAny(patterns, javaScript))) ways.push('Write it in JavaScript: --js.');
  ways.push(
    `${ways.length === 0 ? 'Add' : 'Or add'} this pattern to the \`migrations\` of the data source: '${anyIn(folder, cwd)}'`,
  );
  return notMatchedError(
    `No \`migrations\` pattern of the data source (${listed(patterns, cwd)}) matches ${shown(join(folder, name), cwd)}, so the migration would never run. Nothing was written.`,
    ways.join(' '),
  );
}

function notMatchedError(message: string, next: string): MigrateError {
  return new MigrateError({ code: 'FILE_NOT_MATCHED', message, next, exitCode: ExitCode.usage });
}

function anyIn(folder: string, cwd: string): string {
  return `${shown(folder, cwd)}/*.{ts,js,sql}`;
}

function listed(patterns: readonly string[], cwd: string): string {
  return patterns.map((pattern) => shown(resolve(cwd, pattern), cwd)).join(', ');
}

/** The path as a user would type it in this folder. */
export function shown(path: string, cwd: string): string {
  const short = relative(cwd, path).replaceAll(sep, '/');
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}
