import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleKindOf } from '../files/import-file.js';
import { openTypeScript } from './compile.js';
import { isForgettable, isOfProject } from './forget.js';
import type { TypeScriptSource } from './compile.js';
import type { Instead } from './register.js';
import { resolveInProject } from './resolve.js';

interface Registered {
  readonly projectDir: string;
  readonly tsconfig?: string;
  readonly instead?: Instead;
  readonly generation: Int32Array;
}

let source: TypeScriptSource | undefined;
let instead: Instead | undefined;
let generation: Int32Array = new Int32Array(1);
/** What was forgotten before it is not forgotten again. */
let known = 0;

/** Called by Node once, in the thread of the hooks. */
export const initialize: InitializeHook<Registered> = (registered) => {
  source = openTypeScript(registered.projectDir, registered.tsconfig);
  ({ instead, generation } = registered);
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await foundIn(specifier, context, next);
  return found.url === instead?.of ? { ...found, url: instead.take } : { ...found, url: newest(found.url) };
};

/** Node keeps a module by its URL, so a file that may have changed since then needs another one. */
function newest(url: string): string {
  const now = Atomics.load(generation, 0);
  if (now === 0 || !url.startsWith('file:') || !isForgettable(fileURLToPath(url))) return url;
  const address = new URL(url);
  address.searchParams.set('nest-migrate', String(now));
  return address.href;
}

const foundIn: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (error) {
    const importer = context.parentURL;
    if (source === undefined || importer === undefined || !isTypeScript(importer)) throw error;
    const found = resolveInProject(specifier, fileURLToPath(importer), source.mapping());
    if (found === undefined) throw error;
    return { url: pathToFileURL(found).href, shortCircuit: true };
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!source?.isCompiled || !isTypeScript(url)) return next(url, context);
  forgetOnce(source);
  const file = fileURLToPath(url);
  // A CommonJS file is compiled by the `require` hook, in the other thread.
  if (moduleKindOf(file) === 'cjs') return { format: 'commonjs', source: source.code(file), shortCircuit: true };
  return { format: 'module', source: source.code(file), shortCircuit: true };
};

function forgetOnce(compiled: TypeScriptSource): void {
  const now = Atomics.load(generation, 0);
  if (now !== known) compiled.forget();
  known = now;
}

function isTypeScript(url: string): boolean {
  return /^file:.*\.[cm]?ts(?:\?|$)/.test(url) && isOfProject(url);
}
