import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleKindOf } from '../files/import-file.js';
import { openTypeScript } from './compile.js';
import type { TypeScriptSource } from './compile.js';
import type { Instead } from './register.js';
import { resolveInProject } from './resolve.js';

let source: TypeScriptSource | undefined;
let instead: Instead | undefined;

/** Called by Node once, in the thread of the hooks. */
export const initialize: InitializeHook<{
  readonly projectDir: string;
  readonly tsconfig?: string;
  readonly instead?: Instead;
}> = ({ projectDir, tsconfig, instead: given }) => {
  source = openTypeScript(projectDir, tsconfig);
  instead = given;
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    const found = await next(specifier, context);
    return found.url === instead?.of ? { ...found, url: instead.take } : found;
  } catch (error) {
    const importer = context.parentURL;
    if (source === undefined || importer === undefined || !isOurs(importer)) throw error;
    const found = resolveInProject(specifier, fileURLToPath(importer), source.mapping());
    if (found === undefined) throw error;
    return { url: pathToFileURL(found).href, shortCircuit: true };
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!source?.isCompiled || !isOurs(url)) return next(url, context);
  const file = fileURLToPath(url);
  // A CommonJS file is compiled by the `require` hook, in the other thread.
  if (moduleKindOf(file) === 'cjs') return { format: 'commonjs', source: source.code(file), shortCircuit: true };
  return { format: 'module', source: source.code(file), shortCircuit: true };
};

function isOurs(url: string): boolean {
  return /^file:.*\.[cm]?ts$/.test(url) && !url.includes('/node_modules/');
}
