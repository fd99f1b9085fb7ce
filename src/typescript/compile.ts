import { readFileSync } from 'node:fs';
import { stripsTypes } from '../files/import-file.js';
import { CompileCache } from './cache.js';
import { createNativeCompiler } from './native.js';
import { createProgramCompiler } from './program.js';
import type { Compiler } from './program.js';
import { describeProject, typescriptVersion } from './project.js';
import type { PathMapping } from './project.js';

/** The user's TypeScript files as JavaScript, from the cache or newly compiled. */
export interface TypeScriptSource {
  readonly dir: string;
  /** False if the project has no TypeScript and Node strips the types itself. */
  readonly isCompiled: boolean;
  code(file: string): string;
  mapping(): PathMapping;
  /** From now on, files that have changed are compiled again. */
  forget(): void;
}

export function openTypeScript(projectDir: string, tsconfig: string | undefined): TypeScriptSource {
  const project = describeProject(projectDir, tsconfig);
  if (typescriptVersion(project.dir) === undefined && stripsTypes()) return { ...unchanged, dir: project.dir };
  const cache = new CompileCache(project.cacheDir);
  let compiler: Compiler | undefined;
  // The compiler is loaded on the first cache miss; a second start has none.
  const loaded = (): Compiler =>
    (compiler ??= isNative(project.dir)
      ? createNativeCompiler(project)
      : createProgramCompiler(project, {
          isCompiled: (file) => cache.isFresh(file),
          isUnchanged: (file) => cache.isUnchanged(file),
        }));
  const fresh = new Map<string, string>();
  return {
    dir: project.dir,
    isCompiled: true,
    mapping: () => cache.mapping ?? loaded().mapping,
    code: (file) => {
      const known = fresh.get(file) ?? cache.read(file);
      if (known !== undefined) return known;
      const { compiled, configFiles, mapping } = loaded().compile(file);
      for (const one of compiled) fresh.set(one.file, one.code);
      cache.write(compiled, configFiles, mapping);
      return fresh.get(file) ?? '';
    },
    forget: () => {
      fresh.clear();
      cache.forget();
      compiler?.forget();
    },
  };
}

const unchanged = {
  isCompiled: false,
  code: (file: string) => readFileSync(file, 'utf8'),
  mapping: (): PathMapping => ({ baseUrl: undefined, paths: {} }),
  forget: () => undefined,
};

function isNative(dir: string): boolean {
  return Number(typescriptVersion(dir)?.split('.')[0]) >= 7;
}
