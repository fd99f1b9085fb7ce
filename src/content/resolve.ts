import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modulesAt } from '../files/module-file.js';
import { isHarmlessBuiltin, isHarmlessPackage, packageName } from './modules.js';
import type { Import } from './imports.js';
import { versionAbove } from './package-version.js';
import { requireFrom } from '../require-from.js';

/** What an import leads to: files of the project, or something that does not change; undefined where that is not sure. */
export type Target = { readonly files: readonly string[] } | { readonly constant: string } | undefined;

export function targetOf({ specifier, names }: Import, dir: string): Target {
  if (isBuiltin(specifier)) return isHarmlessBuiltin(specifier, names) ? { constant: specifier } : undefined;
  if (isHarmlessPackage(specifier, names)) return packageTarget(packageName(specifier), dir);
  if (/^\.{0,2}\/|^\.{1,2}$|^file:/.test(specifier)) {
    const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(dir, specifier);
    return filesAt(path);
  }
  // A name of the tsconfig's `paths`, which is resolved as by the loader of the command; or of a package in the workspace.
  const file = resolveAsNode(specifier, dir);
  return file === undefined || isInPackages(file) ? undefined : filesAt(file);
}

/** All that it may mean: a loader looks for extensions in another order than the next. */
function filesAt(path: string): Target {
  const files = modulesAt(path);
  // A folder with a package.json may say that another file is meant.
  const isSure = files.length > 0 && !existsSync(join(path, 'package.json')) && !files.some(isInPackages);
  return isSure ? { files } : undefined;
}

function packageTarget(name: string, dir: string): Target {
  const file = resolveAsNode(name, dir) ?? resolveAsNode(`${name}/package.json`, dir);
  const version = file === undefined ? undefined : versionAbove(file, name);
  return version === undefined ? undefined : { constant: `${name}@${version}` };
}

function resolveAsNode(specifier: string, dir: string): string | undefined {
  try {
    // The loader of the command looks where TypeScript would, where a TypeScript file asks.
    return requireFrom(join(dir, 'asking.ts')).resolve(specifier);
  } catch {
    return undefined;
  }
}

function isInPackages(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file);
}
