import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MigrateError } from '../errors.js';
import { readCompilerPaths } from '../files/tsconfig.js';
import { installLine } from '../package-manager.js';
import { requireFrom } from '../require-from.js';
import { buildId } from '../version.js';

/** The user's TypeScript project, which determines how its files are compiled. */
export interface TypeScriptProject {
  readonly dir: string;
  /** Undefined if there is none: then Nest's defaults apply. */
  readonly tsconfig: string | undefined;
  readonly cacheDir: string;
}

/** The part of a tsconfig that is needed to find modules at run time. */
export interface PathMapping {
  readonly baseUrl: string | undefined;
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

export function describeProject(projectDir: string, tsconfig: string | undefined): TypeScriptProject {
  const dir = resolve(projectDir);
  const config = tsconfig ?? configOf(dir);
  if (config !== undefined && !existsSync(config)) {
    throw new MigrateError({
      code: 'OPTIONS_INVALID',
      message: `There is no file ${config}.`,
      next: 'Correct --tsconfig (or "tsconfig" under "nest-migrate" in package.json).',
      exitCode: 2,
    });
  }
  const key = createHash('sha256')
    // Another build may compile otherwise.
    .update(JSON.stringify([buildId, typescriptVersion(dir), dir, config]))
    .digest('hex')
    .slice(0, 16);
  const base = existsSync(join(dir, 'node_modules')) ? join(dir, 'node_modules', '.cache') : tmpdir();
  return { dir, tsconfig: config, cacheDir: join(base, 'nest-migrate', `typescript-${key}`) };
}

/**
 * The root of an Nx workspace has only a base config. The tsconfig.json of a solution compiles nothing itself but references other
 * projects: that of the app is preferred to those of its tests. Projects in other folders may be any part of a workspace, so the aliases of
 * the solution itself come before theirs.
 */
function configOf(dir: string): string | undefined {
  const file = ['tsconfig.json', 'tsconfig.base.json'].map((name) => join(dir, name)).find((one) => existsSync(one));
  const { included, references = [], hasAliases } = (file === undefined ? undefined : readCompilerPaths(file)) ?? {};
  if (included === undefined || included.length > 0) return file;
  const projects = references.filter((one) => existsSync(one) && !/(?:spec|test|e2e|node)\.json$/.test(one));
  const own = projects.filter((one) => dirname(one) === dir);
  if (own.length === 0 && hasAliases === true) return file;
  const among = own.length > 0 ? own : projects;
  return among.find((one) => /tsconfig\.(?:app|lib|build)\.json$/.test(one)) ?? among[0] ?? file;
}

/** Read from its package.json, because with a warm cache the compiler itself is never loaded. */
export function typescriptVersion(dir: string): string | undefined {
  const manifest = typescriptManifest(dir);
  return manifest && (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

function typescriptManifest(dir: string): string | undefined {
  try {
    return requireFrom(join(dir, 'package.json')).resolve('typescript/package.json');
  } catch {
    return undefined;
  }
}

/** The folder of the project's own TypeScript. */
export function typescriptDir(dir: string): string {
  const manifest = typescriptManifest(dir);
  if (manifest !== undefined) return dirname(manifest);
  throw new MigrateError({
    code: 'PACKAGE_MISSING',
    message: `TypeScript files must be loaded, but TypeScript is not installed in ${dir}.`,
    next: `${installLine('typescript', dir)}. In production, use the compiled files: --data-source dist/data-source.js`,
    exitCode: 2,
  });
}
