import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isFolder } from './exists.js';
import type { Loads } from './migration.js';
import { withoutExtension } from './name.js';
import { sourceFolderOf } from './outputs.js';
import type { Sources } from './outputs.js';
import { folderOf, literally, restOf } from './pattern-folder.js';

/** A pattern, and the files that it matches. */
interface Match {
  readonly pattern: string;
  readonly files: readonly string[];
}

interface Rules {
  readonly sources: Sources;
  readonly loads: Loads;
  expand(pattern: string): Promise<readonly string[]>;
}

/** The files that count if sources and their output are one project. */
interface Built {
  readonly files: readonly string[];
  readonly stale: readonly string[];
  readonly notCompiled: readonly string[];
  /** Patterns of sources. */
  readonly patterns: readonly string[];
  /** For each pattern that names compiled files, the folder of their sources. */
  readonly folders: ReadonlyMap<string, string>;
  /** The patterns that match neither a file nor the source of one. */
  readonly unmatched: readonly string[];
}

/**
 * Counts each migration once: as the source if this process can load it, or else as the compiled file. In production, only the files that
 * the patterns match count.
 */
export async function withSources(matches: readonly Match[], { sources, loads, expand }: Rules): Promise<Built> {
  const matched = [...new Set(matches.flatMap(({ files }) => files))];
  const folders = new Map<string, string>();
  if (process.env['NODE_ENV'] === 'production')
    return { files: matched, stale: [], notCompiled: [], patterns: [], folders, unmatched: unmatchedIn(matches) };
  const sourceFolder = remembering((folder) => sourceFolderOf(folder, sources));
  const found: Match[] = [];
  for (const { pattern } of matches) {
    const folder = sourceFolder(folderOf(pattern));
    if (folder === undefined) continue;
    folders.set(pattern, folder);
    const patterns = sourcePatternsOf(pattern, folder);
    found.push({ pattern, files: (await Promise.all(patterns.map(expand))).flat() });
  }
  const unmatched = unmatchedIn(matches).filter(
    (pattern) => !found.some((one) => one.pattern === pattern && one.files.length > 0),
  );
  const patterns = [...folders].flatMap(([pattern, folder]) => sourcePatternsOf(pattern, folder));
  const counted = countedOnce(matched, [...new Set(found.flatMap(({ files }) => files))], { sourceFolder, loads });
  return { ...counted, patterns: [...new Set(patterns)], folders, unmatched };
}

/** The patterns that match the sources of a pattern's files; undefined if the pattern does not name compiled files. */
export function sourcePatterns(pattern: string, sources: Sources): readonly string[] | undefined {
  if (process.env['NODE_ENV'] === 'production') return undefined;
  const folder = sourceFolderOf(folderOf(pattern), sources);
  return folder === undefined ? undefined : sourcePatternsOf(pattern, folder);
}

/** The compiled files whose source has been changed since, each with its source. */
export function outdatedAmong(
  files: readonly string[],
  sources: Sources,
): readonly { readonly file: string; readonly source: string }[] {
  if (process.env['NODE_ENV'] === 'production') return [];
  const sourceFolder = remembering((folder) => sourceFolderOf(folder, sources));
  return files.flatMap((file) => {
    const folder = sourceFolder(dirname(file));
    const key = folder === undefined ? undefined : withoutExtension(join(folder, basename(file)));
    const source = key && ['.ts', '.mts', '.cts'].map((ending) => key + ending).find((one) => existsSync(one));
    return source && statSync(source).mtimeMs > statSync(file).mtimeMs ? [{ file, source }] : [];
  });
}

function sourcePatternsOf(pattern: string, folder: string): readonly string[] {
  const rest = restOf(pattern);
  const inTypeScript = /\b[cm]?ts\b/.test(rest) ? rest : rest.replace(/\b([cm]?)js\b/g, '$1ts');
  return [...new Set([inTypeScript, rest])].map((one) => `${literally(folder)}/${one}`);
}

function unmatchedIn(matches: readonly Match[]): readonly string[] {
  return matches.filter(({ files }) => files.length === 0).map(({ pattern }) => pattern);
}

interface Around {
  readonly loads: Loads;
  sourceFolder(folder: string): string | undefined;
}

/** One file for each migration. Sources and compiled files are told apart by their folders. */
function countedOnce(
  matched: readonly string[],
  found: readonly string[],
  { sourceFolder, loads }: Around,
): Pick<Built, 'files' | 'stale' | 'notCompiled'> {
  const outputs = new Map<string, string>();
  // Without sources, as in most containers, the compiled files are all there is.
  const present = remembering((folder) => {
    const source = sourceFolder(folder);
    return source !== undefined && isFolder(source) ? source : undefined;
  });
  // Needed only if a folder has sources.
  let among: ReadonlySet<string> | undefined;
  for (const file of matched) {
    const folder = present(dirname(file));
    if (folder === undefined) continue;
    const key = withoutExtension(join(folder, basename(file)));
    // A file whose source has an extension that the pattern does not cover is used as it is.
    among ??= new Set([...found, ...matched].map(withoutExtension));
    if (among.has(key) || !extensions.some((ending) => existsSync(key + ending))) outputs.set(file, key);
  }
  const others = countedOf(loads)(matched.filter((file) => !outputs.has(file)));
  if (outputs.size === 0 && found.length === 0) return { files: others, stale: [], notCompiled: [] };
  const isMatched = new Set(matched);
  const sources = [...others, ...sourcesAmong(found.filter((file) => !isMatched.has(file) || outputs.has(file)))];
  const keys = new Set(sources.map(withoutExtension));
  const stale = [...outputs].filter(([, key]) => !keys.has(key)).map(([file]) => file);
  if (loads === 'typescript') return { files: sources, stale, notCompiled: [] };
  const [compiled, ownSources] = [new Set(outputs.values()), new Set(others)];
  const notCompiled = sources.filter((file) => !compiled.has(withoutExtension(file)));
  return {
    files: [
      ...[...outputs].filter(([, key]) => keys.has(key)).map(([file]) => file),
      ...notCompiled.filter((file) => ownSources.has(file)),
    ],
    stale,
    notCompiled: notCompiled.filter((file) => !ownSources.has(file)),
  };
}

const inTypeScript = /(?<!\.d)\.[cm]?tsx?$/;
const inJavaScript = /\.[cm]?jsx?$/;

/** If a source was compiled in place, the source counts. */
function sourcesAmong(files: readonly string[]): readonly string[] {
  return withoutThoseBeside(files, inJavaScript, inTypeScript);
}

/** Of a source and its compiled file in the same folder, keeps the one that this process can load. */
function countedOf(loads: Loads): (files: readonly string[]) => readonly string[] {
  return loads === 'typescript' ? sourcesAmong : (files) => withoutThoseBeside(files, inTypeScript, inJavaScript);
}

function withoutThoseBeside(files: readonly string[], others: RegExp, counted: RegExp): readonly string[] {
  if (!files.some((file) => others.test(file))) return files;
  const keys = new Set(files.filter((file) => counted.test(file)).map(withoutExtension));
  return files.filter((file) => !others.test(file) || !keys.has(withoutExtension(file)));
}

/** The files that a pattern matches. Of a source and its compiled file, only the one that this process can load. */
export function countedIn(files: readonly string[], sources: Sources, loads: Loads): readonly string[] {
  const sourceFolder = remembering((folder) => sourceFolderOf(folder, sources));
  const loadable = files.filter((file) => inTypeScript.test(file) || inJavaScript.test(file));
  return countedOnce(loadable, [], { sourceFolder, loads }).files;
}

const extensions = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.sql'];

function remembering<T>(work: (folder: string) => T): (folder: string) => T {
  const known = new Map<string, T>();
  return (folder) => {
    const made = known.has(folder) ? (known.get(folder) as T) : work(folder);
    known.set(folder, made);
    return made;
  };
}
