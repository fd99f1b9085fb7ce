import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { messageOf } from '../errors.js';

/** What to do if a package of the workspace is missing what its build writes; undefined if that is not the reason of an error. */
export function unbuiltPackage(error: unknown, file: string): string | undefined {
  const [, main = ''] = /Cannot find (?:module|package) '(.+?)'/.exec(messageOf(error)) ?? [];
  const dir = isAbsolute(main) ? packageOf(main) : undefined;
  if (dir === undefined || dir === packageOf(file) || dir.split(sep).includes('node_modules')) return undefined;
  const { name = dir } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { readonly name?: string };
  return `${name} is a package of this workspace, and has not been built yet. Build it, then run the command again. The database was not touched.`;
}

/** Its folder, without the links in node_modules. */
function packageOf(main: string): string | undefined {
  for (let dir = dirname(main); dir !== dirname(dir); dir = dirname(dir))
    if (existsSync(join(dir, 'package.json'))) return realpathSync(dir);
  return undefined;
}
