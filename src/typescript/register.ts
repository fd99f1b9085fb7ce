import { existsSync, readFileSync } from 'node:fs';
import Module, { register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as TypeScript from 'typescript';
import { requireAllTypeScript } from '../files/import-file.js';
import { requireFrom } from '../require-from.js';
import { openTypeScript } from './compile.js';
import { generation, isOfProject, loaders } from './forget.js';
import type { TypeScriptSource } from './compile.js';
import { typescriptDir } from './project.js';
import { resolveInProject } from './resolve.js';
import { traceSources } from './stacks.js';

export interface RegisterOptions {
  readonly projectDir: string;
  readonly tsconfig?: string;
  /** Whether `defineDataSource` creates its data source only when more than the options is needed. */
  readonly lateTypeorm?: boolean;
}

/** Parts of Node's CommonJS loader that are not an official interface, but are widely relied on. */
interface CommonJsLoader {
  readonly _extensions: Record<string, (module: { _compile(code: string, file: string): void }, file: string) => void>;
  _resolveFilename(request: string, parent: { readonly filename?: string } | undefined, ...rest: unknown[]): string;
}

/** A file, and the file that is loaded instead. */
export interface Instead {
  readonly of: string;
  readonly take: string;
}

/** A path in this package. Modules in build/ and bundles in dist/ are at the same depth. */
const built = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const lateDataSource = {
  require: {
    of: fileURLToPath(built('cjs/data-source/index.js')),
    take: fileURLToPath(built('cjs/data-source/late.js')),
  },
  import: { of: built('esm/data-source/index.js').href, take: built('esm/data-source/late.js').href },
};
const registered = new Set<string>();

/** From now on, `require` and `import` load the project's TypeScript files, compiled as `tsc` would compile them. */
export function registerTypeScript(options: RegisterOptions): void {
  if (registered.has(options.projectDir)) return;
  registered.add(options.projectDir);
  const source = openTypeScript(options.projectDir, options.tsconfig);
  if (source.isCompiled) traceSources((file) => (isOfProject(file) ? source.code(file) : undefined));
  const late = options.lateTypeorm === true;
  // The hooks for ES modules need their own thread, which slows down the start. A CommonJS project does not need them.
  const hasHooks = isModuleProject(options.projectDir);
  requireAllTypeScript(source.isCompiled && !hasHooks && !loaders.some((one) => one.hasHooks));
  hookRequire(source, late ? lateDataSource.require : undefined, hasHooks ? (code) => code : commonJsBy(source.dir));
  loaders.push({ source, hasHooks });
  if (hasHooks) {
    register(built('esm/typescript/esm-hooks.js'), {
      data: {
        projectDir: options.projectDir,
        tsconfig: options.tsconfig,
        generation,
        instead: late ? lateDataSource.import : undefined,
      },
    });
  }
}

type Ts = typeof TypeScript;
type Converted = (code: string) => string;

function hookRequire(source: TypeScriptSource, instead: Instead | undefined, converted: Converted): void {
  const loader = Module as unknown as CommonJsLoader;
  const isTypeScript = (file: string): boolean => /\.[cm]?ts$/.test(file) && isOfProject(file);
  for (const extension of ['.ts', '.cts']) {
    if (!source.isCompiled) break;
    const before = loader._extensions[extension];
    loader._extensions[extension] = (module, file) => {
      if (isOfProject(file)) module._compile(converted(source.code(file)), file);
      else before?.(module, file);
    };
  }
  const resolveBefore = loader._resolveFilename.bind(loader);
  loader._resolveFilename = (request, parent, ...rest) => {
    try {
      const found = resolveBefore(request, parent, ...rest);
      return found === instead?.of ? instead.take : found;
    } catch (error) {
      // Resolves only what Node does not find itself: a `.js` that is a `.ts` in the sources, or a name from the tsconfig's `paths`.
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

/**
 * A library of the workspace may have ES modules although the app that uses it has none: its bundler, or the compiler of the app, converts
 * them. Node could not load them from here, where nothing resolves their imports.
 */
function commonJsBy(projectDir: string): Converted {
  return (code) => {
    if (!/^(?:import|export)\b/m.test(code) || code.includes('import.meta')) return code;
    const ts = requireFrom(join(projectDir, 'package.json'))(typescriptDir(projectDir)) as
      Ts | { transpileModule?: never };
    if (ts.transpileModule === undefined) return code;
    const [module, target] = [ts.ModuleKind.CommonJS, ts.ScriptTarget.ES2022];
    const compilerOptions = { module, target, esModuleInterop: true };
    return ts.transpileModule(code, { compilerOptions, fileName: 'module.js' }).outputText;
  };
}

function isModuleProject(dir: string): boolean {
  const manifest = join(dir, 'package.json');
  return existsSync(manifest) && /"type"\s*:\s*"module"/.test(readFileSync(manifest, 'utf8'));
}
