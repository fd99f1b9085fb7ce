import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** A path relative to the root of the repository, as code hosting services use it, whatever the working directory is. */
export function inRepository(file: string): string {
  const path = resolve(file);
  const root = rootAbove(dirname(path));
  return (root === undefined ? file : relative(root, path)).replaceAll('\\', '/');
}

/** In a worktree and in a submodule, `.git` is a file. */
function rootAbove(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : rootAbove(parent);
}
