import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { isFile } from './exists.js';
import { requireFrom } from '../require-from.js';

/** What a tsconfig, including what it extends, says about the folders of sources and output. */
export interface CompilerPaths {
  /** The folder of the tsconfig. */
  readonly dir: string;
  readonly outDir: string | undefined;
  readonly rootDir: string | undefined;
  /** The folders at the start of `include` and `files`; undefined if neither is set. */
  readonly included: readonly string[] | undefined;
  /** Whether the types of decorated properties are evaluated at run time. */
  readonly emitsMetadata: boolean;
  /** Whether it has aliases of folders (`paths`). */
  readonly hasAliases: boolean;
  /** The other projects of a solution. */
  readonly references: readonly string[];
}

interface Config {
  readonly extends?: unknown;
  readonly compilerOptions?: {
    readonly outDir?: unknown;
    readonly rootDir?: unknown;
    readonly emitDecoratorMetadata?: unknown;
    readonly paths?: unknown;
  };
  readonly include?: unknown;
  readonly files?: unknown;
  readonly references?: unknown;
}

/** Undefined if the file does not exist or cannot be read: the compiler reports the reason. */
export function readCompilerPaths(file: string, leaf: string = dirname(file)): CompilerPaths | undefined {
  const config = readJson(file) as Config | undefined;
  if (config === undefined) return undefined;
  const dir = dirname(file);
  const bases = texts(config.extends).flatMap((name) => {
    const base = extended(name, dir);
    return (base === undefined ? undefined : readCompilerPaths(base, leaf)) ?? [];
  });
  const path = (value: unknown): string | undefined =>
    typeof value === 'string' ? resolve(dir, value.replace('${configDir}', leaf)) : undefined;
  const { include, files } = config;
  const listed = [...texts(include), ...texts(files)].map((one) => folderIn(path(one) ?? dir));
  return {
    dir: leaf,
    outDir: path(config.compilerOptions?.outDir) ?? bases.findLast(({ outDir }) => outDir !== undefined)?.outDir,
    rootDir: path(config.compilerOptions?.rootDir) ?? bases.findLast(({ rootDir }) => rootDir !== undefined)?.rootDir,
    included:
      include === undefined && files === undefined
        ? bases.findLast(({ included }) => included !== undefined)?.included
        : listed,
    emitsMetadata:
      typeof config.compilerOptions?.emitDecoratorMetadata === 'boolean'
        ? config.compilerOptions.emitDecoratorMetadata
        : bases.at(-1)?.emitsMetadata === true,
    hasAliases: config.compilerOptions?.paths !== undefined || bases.some(({ hasAliases }) => hasAliases),
    references: referencesIn(config, dir),
  };
}

/** The content of a JSON file with comments and trailing commas; undefined if it cannot be read. */
export function readJson(file: string): unknown {
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    const plain = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, keepText);
    return JSON.parse(plain.replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, keepText)) as unknown;
  } catch {
    return undefined;
  }
}

function keepText(_match: string, text: string | undefined): string {
  return text ?? '';
}

function texts(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((one) => typeof one === 'string');
}

/** The part of a pattern before its first wildcard; for a file, its folder. */
function folderIn(pattern: string): string {
  const parts = pattern.split(/[\\/]/);
  const magic = parts.findIndex((part) => /[*?]/.test(part));
  const folder = magic === -1 ? pattern : parts.slice(0, magic).join('/');
  return magic === -1 && /\.[cm]?tsx?$/.test(pattern) ? dirname(folder) : folder;
}

function extended(name: string, dir: string): string | undefined {
  if (isAbsolute(name) || name.startsWith('.')) return [resolve(dir, name), resolve(dir, `${name}.json`)].find(isFile);
  const near = requireFrom(join(dir, 'tsconfig.json'));
  for (const path of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    try {
      return near.resolve(path);
    } catch {
      // Tries the next way to write it.
    }
  }
  return undefined;
}

function referencesIn({ references }: Config, dir: string): readonly string[] {
  const all = Array.isArray(references) ? (references as readonly { readonly path?: unknown }[]) : [];
  return all.flatMap(({ path }) => {
    if (typeof path !== 'string') return [];
    const target = resolve(dir, path);
    return isFile(target) ? target : join(target, 'tsconfig.json');
  });
}
