import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** A path as services that show a repository know it: from the root of the repository, wherever the command was typed. */
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
