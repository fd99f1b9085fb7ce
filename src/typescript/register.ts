import { existsSync, readFileSync } from 'node:fs';
import Module, { register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTypeScript } from './compile.js';
import type { TypeScriptSource } from './compile.js';
import { resolveInProject } from './resolve.js';
import { traceSources } from './stacks.js';

export interface RegisterOptions {
  readonly projectDir: string;
  readonly tsconfig?: string;
  /** `defineDataSource` makes its data source when more than its options is needed. */
  readonly lateTypeorm?: boolean;
}

/** Parts of Node's CommonJS loader that are not an official interface, but are widely relied on. */
interface CommonJsLoader {
  readonly _extensions: Record<string, (module: { _compile(code: string, file: string): void }, file: string) => void>;
  _resolveFilename(request: string, parent: { readonly filename?: string } | undefined, ...rest: unknown[]): string;
}

/** What is loaded instead of something else. */
export interface Instead {
  readonly of: string;
  readonly take: string;
}

/** In the package, wherever in it this code lies: files and bundles lie equally deep. */
const built = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const lateDataSource = {
  require: {
    of: fileURLToPath(built('cjs/data-source/index.js')),
    take: fileURLToPath(built('cjs/data-source/late.js')),
  },
  import: { of: built('esm/data-source/index.js').href, take: built('esm/data-source/late.js').href },
};
const registered = new Set<string>();

/** From now on `require` and `import` take the project's TypeScript files, as `tsc` would compile them. */
export function registerTypeScript(options: RegisterOptions): void {
  if (registered.has(options.projectDir)) return;
  registered.add(options.projectDir);
  const source = openTypeScript(options.projectDir, options.tsconfig);
  if (source.isCompiled) traceSources((file) => (isOurs(file) ? source.code(file) : undefined));
  const late = options.lateTypeorm === true;
  hookRequire(source, late ? lateDataSource.require : undefined);
  // The hooks for ES modules run in a thread of their own, which costs a start; a CommonJS project does without.
  if (isModuleProject(options.projectDir)) {
    register(built('esm/typescript/esm-hooks.js'), {
      data: {
        projectDir: options.projectDir,
        tsconfig: options.tsconfig,
        instead: late ? lateDataSource.import : undefined,
      },
    });
  }
}

function hookRequire(source: TypeScriptSource, instead: Instead | undefined): void {
  const loader = Module as unknown as CommonJsLoader;
  const isTypeScript = (file: string): boolean => /\.[cm]?ts$/.test(file) && isOurs(file);
  for (const extension of ['.ts', '.cts']) {
    if (!source.isCompiled) break;
    const before = loader._extensions[extension];
    loader._extensions[extension] = (module, file) => {
      if (isOurs(file)) module._compile(source.code(file), file);
      else before?.(module, file);
    };
  }
  const resolveBefore = loader._resolveFilename.bind(loader);
  loader._resolveFilename = (request, parent, ...rest) => {
    try {
      const found = resolveBefore(request, parent, ...rest);
      return found === instead?.of ? instead.take : found;
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
