import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { isFile, isFolder } from './exists.js';
import { ExitCode, MigrateError } from '../errors.js';
import { readCompilerPaths, readJson } from './tsconfig.js';
import type { CompilerPaths } from './tsconfig.js';

/** The setting `sources`: which source folder is compiled to which output folder; `false` if no folder counts as compiled. */
export type Sources = Readonly<Record<string, string>> | false | undefined;

/** A folder that a compiler writes to. */
interface Build {
  readonly output: string;
  /** Source folders that may correspond to it, the likelier ones first. */
  readonly roots: readonly string[];
  /** The source root, as the configuration names it or the output shows it. */
  readonly root: string | undefined;
}

/**
 * The source folder that is compiled to this folder. Undefined if the folder is not an output, or if the configuration does not say which
 * source folder is meant. The source folder need not exist yet.
 */
export function sourceFolderOf(folder: string, sources: Sources): string | undefined {
  if (sources === false) return undefined;
  const named = namedBy(sources, folder);
  if (named !== undefined) return named;
  return bySourceMap(folder) ?? byBuild(folder);
}

/** The folder that the files of a source folder are compiled to. Undefined if they are not, or if the configuration does not say where. */
export function compiledFolderOf(folder: string): string | undefined {
  for (const dir of new Set([process.cwd(), ...ancestorsOf(folder)])) {
    for (const { output, root } of buildsIn(dir))
      if (root !== undefined && isInside(folder, root)) return join(output, relative(root, folder));
  }
  return undefined;
}

/** Whether a compiler writes to this folder or to one that contains it. */
export function isOutput(folder: string): boolean {
  return buildOf(folder) !== undefined;
}

function namedBy(sources: Readonly<Record<string, string>> = {}, folder: string): string | undefined {
  const found = Object.entries(sources)
    .map(([output, source]) => ({ output: resolve(output), source: resolve(source) }))
    .filter(({ output }) => isInside(folder, output))
    .toSorted((a, b) => b.output.length - a.output.length)[0];
  if (found === undefined) return undefined;
  return join(found.source, relative(found.output, folder));
}

/** With a mistyped folder, all sources would seem to have been deleted. */
export function refuseMissingSources(sources: Sources): void {
  if (sources === false) return;
  const missing = Object.values(sources ?? {}).find((source) => !isFolder(resolve(source)));
  if (missing === undefined) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The setting \`sources\` names the folder ${resolve(missing)}, which does not exist.`,
    next: 'Name the folder whose files are compiled, relative to the folder in which the command is run: "sources": { "dist": "src" }',
    exitCode: ExitCode.usage,
  });
}

/** A source map names its source, which counts as long as that folder still exists. */
function bySourceMap(folder: string): string | undefined {
  const map = entriesOf(folder).find((name) => /\.[cm]?js\.map$/.test(name));
  if (map === undefined) return undefined;
  const { sources, sourceRoot } = (readJson(join(folder, map)) ?? {}) as {
    readonly sources?: readonly unknown[];
    readonly sourceRoot?: unknown;
  };
  const [only, another] = sources ?? [];
  // A bundle has many sources, and its location says nothing about theirs.
  if (typeof only !== 'string' || another !== undefined || /^[a-z][\w+.-]+:/i.test(only)) return undefined;
  const source = resolve(folder, typeof sourceRoot === 'string' ? sourceRoot : '', only);
  const isSame = basename(source).replace(/\.[cm]?[jt]sx?$/, '') === map.replace(/\.[cm]?js\.map$/, '');
  return isSame && isFolder(dirname(source)) ? dirname(source) : undefined;
}

function byBuild(folder: string): string | undefined {
  const build = buildOf(folder);
  if (build === undefined) return undefined;
  const { root, roots, output } = build;
  const within = relative(output, folder);
  const there = roots
    .map((one) => join(one, within))
    .filter((path) => isFolder(path) && !isInside(path, output))
    // A folder of handwritten SQL beside `src` is not what the build compiles.
    .filter((path) => root === undefined || isInside(path, root) || holdsSources(path));
  const [only, another] = [...new Set(there)];
  if (only !== undefined && another === undefined) return only;
  if (root === undefined) return undefined;
  // `dist/src/migrations` is distinguished from `dist/migrations` by the name of the root.
  const above = within.split(sep)[0] === basename(root) ? dirname(root) : root;
  return join(above, within);
}

/** The usual output folders of compilers, used if no configuration names one. */
const usualOutputs = new Set(['dist', 'build', 'out']);

/** The build that writes to a folder or to one that contains it, according to the nearest configuration above it. */
function buildOf(folder: string): Build | undefined {
  const above = ancestorsOf(folder);
  for (const dir of [...new Set([process.cwd(), ...above])]) {
    const found = buildsIn(dir)
      .filter(({ output }) => isInside(folder, output))
      .toSorted((a, b) => b.output.length - a.output.length)[0];
    if (found !== undefined) return found;
  }
  const project = above.find((dir) => isFile(join(dir, 'package.json')));
  const output = project && [folder, ...above].find((dir) => dirname(dir) === project);
  if (project === undefined || output === undefined || !usualOutputs.has(basename(output))) return undefined;
  return buildFrom({ dir: project, output, sourceRoot: undefined });
}

interface NestProject {
  readonly sourceRoot?: string;
  readonly compilerOptions?: { readonly tsConfigPath?: string };
}

/** The builds that the configurations in a folder describe: TypeScript, Nest, and each project of a Nest workspace. */
function buildsIn(dir: string): readonly Build[] {
  const nest = readJson(join(dir, 'nest-cli.json')) as
    (NestProject & { readonly projects?: Readonly<Record<string, NestProject>> }) | undefined;
  const own = ['tsconfig.build.json', 'tsconfig.json', 'tsconfig.app.json'].map((file) => ({ file, of: nest }));
  const projects = Object.values(nest?.projects ?? {}).flatMap((of) => {
    const file = of.compilerOptions?.tsConfigPath;
    return file === undefined ? [] : [{ file, of }];
  });
  return [...projects, ...own].flatMap(({ file, of }) => {
    const paths = readCompilerPaths(join(dir, file));
    const referenced = (paths?.references ?? []).flatMap((other) => readCompilerPaths(other) ?? []);
    return [...(paths === undefined ? [] : [paths]), ...referenced].flatMap((one) => {
      const output = one.outDir;
      // A project that is compiled in place has no output folder.
      if (output === undefined || isInside(one.dir, output)) return [];
      return buildFrom({ ...one, output, sourceRoot: of?.sourceRoot && resolve(dir, of.sourceRoot) });
    });
  });
}

function buildFrom({
  dir,
  output,
  sourceRoot,
  rootDir,
  included,
}: Partial<CompilerPaths> & {
  readonly dir: string;
  readonly output: string;
  readonly sourceRoot: string | undefined;
}): Build {
  if (rootDir !== undefined) return { output, roots: [rootDir], root: rootDir };
  const source = sourceRoot ?? join(dir, 'src');
  const project = [dir, ...ancestorsOf(dir)].find((one) => isFile(join(one, 'package.json'))) ?? dir;
  const roots = [...new Set([source, dir, project])];
  return { output, roots, root: commonRoot({ dir, output, source, included }) };
}

/**
 * The folder that all sources have in common, which TypeScript uses if `rootDir` is not set. It is derived from the output if that exists,
 * or else from the files that would be compiled. Undefined if neither shows it.
 */
function commonRoot({
  dir,
  output,
  source,
  included,
}: {
  readonly dir: string;
  readonly output: string;
  readonly source: string;
  readonly included: readonly string[] | undefined;
}): string | undefined {
  if (!isFolder(source)) return undefined;
  const within = relative(dir, source);
  if (isFolder(join(output, within))) return dir;
  if (entriesOf(output).some((name) => /\.[cm]?js$/.test(name) && isSourceOf(source, name))) return source;
  if (included !== undefined) return included.every((folder) => isInside(folder, source)) ? source : undefined;
  return entriesOf(dir).some((name) => /(?<!\.d)\.[cm]?ts$/.test(name)) ? undefined : source;
}

function isSourceOf(folder: string, compiled: string): boolean {
  const name = compiled.replace(/\.([cm]?)js$/, '');
  return entriesOf(folder).some((entry) => entry.replace(/\.[cm]?[jt]sx?$/, '') === name);
}

function ancestorsOf(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...ancestorsOf(parent)];
}

/** Whether a path is this folder or inside it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Whether a compiler may find something in this folder. */
function holdsSources(folder: string): boolean {
  return entriesOf(folder).some((name) => /\.[cm]?[jt]sx?$/.test(name) || isFolder(join(folder, name)));
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
