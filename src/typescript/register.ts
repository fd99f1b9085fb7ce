import { existsSync, readFileSync } from 'node:fs';
import Module, { register } from 'node:module';
import { join } from 'node:path';
import { openTypeScript } from './compile.js';
import type { TypeScriptSource } from './compile.js';
import { resolveInProject } from './resolve.js';
import { traceSources } from './stacks.js';

export interface RegisterOptions {
  readonly projectDir: string;
  readonly tsconfig?: string;
}

/** The parts of Node's CommonJS loader that are no official interface, but that everybody relies on. */
interface CommonJsLoader {
  readonly _extensions: Record<string, (module: { _compile(code: string, file: string): void }, file: string) => void>;
  _resolveFilename(request: string, parent: { readonly filename?: string } | undefined, ...rest: unknown[]): string;
}

const registered = new Set<string>();

/** From now on `require` and `import` take the project's TypeScript files, as `tsc` would compile them. */
export function registerTypeScript(options: RegisterOptions): void {
  if (registered.has(options.projectDir)) return;
  registered.add(options.projectDir);
  const source = openTypeScript(options.projectDir, options.tsconfig);
  traceSources((file) => (isOurs(file) ? source.code(file) : undefined));
  hookRequire(source);
  // The hooks for ES modules run in a thread of their own, which costs a start; a CommonJS project does without.
  if (isModuleProject(options.projectDir)) {
    register('./esm-hooks.js', {
      parentURL: import.meta.url,
      data: { projectDir: options.projectDir, tsconfig: options.tsconfig },
    });
  }
}

function hookRequire(source: TypeScriptSource): void {
  const loader = Module as unknown as CommonJsLoader;
  const isTypeScript = (file: string): boolean => /\.[cm]?ts$/.test(file) && isOurs(file);
  for (const extension of ['.ts', '.cts']) {
    const before = loader._extensions[extension];
    loader._extensions[extension] = (module, file) => {
      if (isOurs(file)) module._compile(source.code(file), file);
      else before?.(module, file);
    };
  }
  const resolveBefore = loader._resolveFilename.bind(loader);
  loader._resolveFilename = (request, parent, ...rest) => {
    try {
      return resolveBefore(request, parent, ...rest);
    } catch (error) {
      // Only what Node does not find by itself: a `.js` that is a `.ts` in the sources, or a name from the tsconfig's `paths`.
      const importer = parent?.filename;
      const found =
        importer !== undefined && isTypeScript(importer)
          ? resolveInProject(request, importer, source.mapping())
          : undefined;
      if (found === undefined) throw error;
      return found;
    }
  };
}

function isOurs(file: string): boolean {
  return !/[\\/]node_modules[\\/]/.test(file);
}

function isModuleProject(dir: string): boolean {
  const manifest = join(dir, 'package.json');
  return existsSync(manifest) && /"type"\s*:\s*"module"/.test(readFileSync(manifest, 'utf8'));
}
