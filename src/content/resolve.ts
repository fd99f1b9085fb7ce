import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modulesAt } from '../files/module-file.js';
import { isHarmlessBuiltin, isHarmlessPackage, packageName } from './modules.js';
import type { Import } from './imports.js';
import { versionAbove } from './package-version.js';
import { requireFrom } from '../require-from.js';

/** The target of an import: files of the project, or something constant; undefined if it is unclear. */
export type Target = { readonly files: readonly string[] } | { readonly constant: string } | undefined;

export function targetOf({ specifier, names }: Import, dir: string): Target {
  if (isBuiltin(specifier)) return isHarmlessBuiltin(specifier, names) ? { constant: specifier } : undefined;
  if (isHarmlessPackage(specifier, names)) return packageTarget(packageName(specifier), dir);
  if (/^\.{0,2}\/|^\.{1,2}$|^file:/.test(specifier)) {
    const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(dir, specifier);
    return filesAt(path);
  }
  // The specifier is either resolved by the tsconfig's `paths`, as in the loader of the command, or a package of the workspace.
  const file = resolveAsNode(specifier, dir);
  return file === undefined || isInPackages(file) ? undefined : filesAt(file);
}

/** All files that the path may refer to: loaders try extensions in different orders. */
function filesAt(path: string): Target {
  const files = modulesAt(path);
  // A package.json in the folder may name a different file.
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
    // Asking for a TypeScript file makes the loader of the command resolve it as TypeScript would.
    return requireFrom(join(dir, 'asking.ts')).resolve(specifier);
  } catch {
    return undefined;
  }
}

function isInPackages(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file);
}
