import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { hasLoadedEsModules } from '../files/import-file.js';
import { requireFrom } from '../require-from.js';
import { EntityArguments } from '../typeorm/entity-arguments.js';
import type { TypeScriptSource } from './compile.js';

/** What a process has loaded of a project, and how to load it again. */
export interface Loader {
  readonly source: TypeScriptSource;
  /** Whether ES modules are loaded through the hooks, which can load a file again. Node itself keeps a module for as long as the process lives. */
  readonly hasHooks: boolean;
}

export const loaders: Loader[] = [];
const entityArguments = new EntityArguments();

/** How often the files were forgotten. The thread of the hooks reads it as well. */
export const generation = new Int32Array(new SharedArrayBuffer(4));

// Modules in build/ and bundles in dist/ are at the same depth. Linked into a project, they are not in a node_modules folder.
const ownFolder = fileURLToPath(new URL('../../', import.meta.url));

/** Of a path, or of the URL of a module. */
export function isOfProject(file: string): boolean {
  return !/[\\/]node_modules[\\/]/.test(file);
}

/**
 * Lets everything of the project be loaded again: the files of packages stay loaded. Returns whether that is possible; if not, some files
 * would still be the old ones.
 */
export function forgetProject(): boolean {
  if (hasLoadedEsModules() && !loaders.every(({ hasHooks }) => hasHooks)) return false;
  const { cache } = requireFrom(import.meta.url);
  const loaded = Object.values(cache).filter((module) => module !== undefined && isForgettable(module.filename));
  // Node from version 22 on can `require` an ES module, of which it keeps another copy that cannot be removed.
  if (loaded.some((module) => types.isModuleNamespaceObject(module?.exports))) return false;
  for (const module of loaded) if (module) Reflect.deleteProperty(cache, module.filename);
  for (const { source } of loaders) source.forget();
  Atomics.add(generation, 0, 1);
  entityArguments.dropReplaced();
  return true;
}

export function isForgettable(file: string): boolean {
  return isOfProject(file) && !file.startsWith(ownFolder) && !/[\\/]\.pnp\.c?js$/.test(file);
}
