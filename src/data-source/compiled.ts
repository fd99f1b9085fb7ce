import { basename, dirname, join, relative } from 'node:path';
import { isFile } from '../files/exists.js';
import { stripsTypes } from '../files/import-file.js';
import { compiledFolderOf } from '../files/outputs.js';
import { requireFrom } from '../require-from.js';

/**
 * The file to load for a data source or an app that package.json or a flag names: an image often contains only what the source was compiled to, or the
 * source without a compiler.
 */
export function loadable(projectDir: string, file: string): string {
  if (isFile(file) && canCompile(projectDir)) return file;
  return compiledFile(projectDir, file) ?? file;
}

/** Whether the project's compiler is installed, or Node can remove the types during development. */
function canCompile(projectDir: string): boolean {
  return hasCompiler(projectDir) || (process.env['NODE_ENV'] !== 'production' && stripsTypes());
}

export function hasCompiler(projectDir: string): boolean {
  try {
    requireFrom(join(projectDir, 'package.json')).resolve('typescript');
    return true;
  } catch {
    return false;
  }
}

/** An image rarely contains the compiler's configuration, so the usual folders are tried as well. */
function compiledFile(projectDir: string, file: string): string | undefined {
  const [, name, kind] = /^(.+)\.([cm]?)ts$/.exec(basename(file)) ?? [];
  if (name === undefined) return undefined;
  const configured = compiledFolderOf(dirname(file));
  const folder = relative(projectDir, dirname(file));
  const usual = ['dist', 'build', 'out'].flatMap((output) =>
    [folder, folder.replace(/^src(?:[\\/]|$)/, '')].map((inside) => join(projectDir, output, inside)),
  );
  const existing = (folders: readonly string[]): readonly string[] =>
    [...new Set(folders)].map((one) => join(one, `${name}.${kind}js`)).filter(isFile);
  const [first] = configured === undefined ? [] : existing([configured]);
  const [only, another] = existing(usual);
  return first ?? (another === undefined ? only : undefined);
}
