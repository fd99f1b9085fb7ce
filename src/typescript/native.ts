import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { MigrateError } from '../errors.js';
import type { Compiled } from './cache.js';
import type { Compilation, Compiler } from './program.js';
import { typescriptDir } from './project.js';
import type { PathMapping, TypeScriptProject } from './project.js';
import { resolveInProject } from './resolve.js';

interface ShownConfig {
  readonly compilerOptions?: {
    readonly baseUrl?: string;
    readonly paths?: Readonly<Record<string, readonly string[]>>;
    readonly [option: string]: unknown;
  };
}

/**
 * From version 7 on, the compiler is a native program without a JavaScript interface. It is fast, so on a cache miss it compiles all files
 * of the project at once.
 */
export function createNativeCompiler(project: TypeScriptProject): Compiler {
  const tsc = join(typescriptDir(project.dir), 'bin', 'tsc');
  const shown = project.tsconfig === undefined ? {} : showConfig(tsc, project.tsconfig);
  const mapping = mappingOf(shown, project);
  return {
    mapping,
    // Each compilation is a process of its own.
    forget: () => undefined,
    compile: (): Compilation => ({
      compiled: compileAll(tsc, project, shown, mapping),
      configFiles: project.tsconfig === undefined ? [] : configChain(project.tsconfig),
      mapping,
    }),
  };
}

function compileAll(
  tsc: string,
  project: TypeScriptProject,
  shown: ShownConfig,
  mapping: PathMapping,
): readonly Compiled[] {
  mkdirSync(project.cacheDir, { recursive: true });
  const work = mkdtempSync(join(project.cacheDir, 'native-'));
  const out = join(work, 'out');
  const config = join(work, 'tsconfig.json');
  const files = sourcesOf(project.dir);
  writeFileSync(config, JSON.stringify(configFor(project, shown, mapping, { files, out })));
  try {
    const run = spawnSync(process.execPath, [tsc, '-p', config, '--pretty', 'false'], {
      encoding: 'utf8',
      cwd: project.dir,
    });
    refuseSyntaxErrors(run.stdout, project.dir);
    return files.flatMap((file) => {
      const compiled = join(out, relative(project.dir, file)).replace(/ts(x?)$/, 'js');
      const code = readText(compiled);
      if (code === undefined) return [];
      return [{ file, imports: importsOf(readFileSync(file, 'utf8'), file, mapping), code: withSource(code, file) }];
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The user's options, changed as a loader needs them: modules as Node will treat the file, output in a separate folder, no checks. */
function configFor(
  { tsconfig, dir }: TypeScriptProject,
  shown: ShownConfig,
  { paths }: PathMapping,
  { files, out }: { readonly files: readonly string[]; readonly out: string },
): object {
  const withoutOutput = {
    declaration: false,
    declarationMap: false,
    composite: false,
    incremental: false,
    sourceMap: false,
  };
  return {
    ...(tsconfig === undefined ? {} : { extends: tsconfig }),
    compilerOptions: {
      ...(tsconfig === undefined && { experimentalDecorators: true, emitDecoratorMetadata: true }),
      target: shown.compilerOptions?.['target'] ?? 'es2022',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      noCheck: true,
      types: [],
      noEmit: false,
      noEmitOnError: false,
      ...withoutOutput,
      inlineSourceMap: true,
      rootDir: dir,
      outDir: out,
      removeComments: false,
      skipLibCheck: true,
      paths,
      sourceRoot: '',
    },
    files,
    include: [],
  };
}

/** The map names its source relative to the output, which no longer exists by then. */
function withSource(code: string, file: string): string {
  return code.replace(
    /(\/\/# sourceMappingURL=data:application\/json;base64,)(\S+)\s*$/,
    (_all, head: string, encoded: string) => {
      const map = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as Record<string, unknown>;
      return head + Buffer.from(JSON.stringify({ ...map, sourceRoot: '', sources: [file] })).toString('base64');
    },
  );
}

/** The imports of a text, found precisely enough to know which files a change affects. */
function importsOf(text: string, file: string, mapping: PathMapping): readonly string[] {
  const names = [...text.matchAll(/\b(?:from|import|require)\s*\(?\s*['"]([^'"\n]+)['"]/g)].map(
    (match) => match[1] ?? '',
  );
  return names.map((name) => resolveInProject(name, file, mapping)).filter((found) => found !== undefined);
}

function sourcesOf(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|coverage|\..*)$/.test(entry.name) ? [] : sourcesOf(path);
    return /\.[cm]?ts$/.test(entry.name) && !/\.d\.[cm]?ts$/.test(entry.name) ? [path] : [];
  });
}

function refuseSyntaxErrors(output: string, dir: string): void {
  // Codes from 1000 to 1999 are syntax errors. With noCheck, no other errors should occur.
  const first = /^(.+?)\((\d+),(\d+)\): error TS1\d{3}: (.*)$/m.exec(output);
  if (first === null) return;
  const [, file = '', line = '1', column = '1', message] = first;
  const path = resolve(dir, file);
  const text = readText(path)?.split(/\r?\n/)[Number(line) - 1] ?? '';
  throw new MigrateError({
    code: 'TYPESCRIPT_SYNTAX',
    message: `${path}:${line}:${column} is not TypeScript: ${message}\n  ${text}\n  ${' '.repeat(Number(column) - 1)}^`,
    next: 'Correct that line. The database was not touched.',
  });
}

function showConfig(tsc: string, tsconfig: string): ShownConfig {
  const run = spawnSync(process.execPath, [tsc, '--showConfig', '-p', tsconfig], { encoding: 'utf8' });
  try {
    return JSON.parse(run.stdout) as ShownConfig;
  } catch {
    throw new MigrateError({
      code: 'OPTIONS_INVALID',
      message: `${tsconfig} cannot be read: ${run.stdout.trim()}`,
      next: 'Correct it, or name another one: --tsconfig',
      exitCode: 2,
    });
  }
}

function mappingOf(shown: ShownConfig, project: TypeScriptProject): PathMapping {
  const base = project.tsconfig === undefined ? project.dir : dirname(project.tsconfig);
  const { baseUrl, paths = {} } = shown.compilerOptions ?? {};
  const root = baseUrl === undefined ? base : resolve(base, baseUrl);
  const absolute = Object.fromEntries(
    Object.entries(paths).map(([name, targets]) => [name, targets.map((target) => resolve(root, target))]),
  );
  return { baseUrl: baseUrl === undefined ? undefined : root, paths: absolute };
}

/** The config and the configs that it extends by relative paths, so that changes to any of them are noticed. */
function configChain(file: string): readonly string[] {
  const parent = /"extends"\s*:\s*"(\.[^"]+)"/.exec(readText(file) ?? '')?.[1];
  if (parent === undefined) return [file];
  const path = resolve(dirname(file), parent);
  return [file, ...configChain(path.endsWith('.json') ? path : `${path}.json`)];
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
