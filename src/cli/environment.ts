import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { unloadedFile } from '../data-source/env-files.js';
import type { UnloadedFile } from '../data-source/env-files.js';
import { requireFrom } from '../require-from.js';

/** What to do if a file that sets variables, which were read in vain, was not loaded. */
export interface NotLoaded {
  readonly hint: string;
  /** Whether it is probably needed. Otherwise, only an error is a reason to say so. */
  readonly isLikely: boolean;
}

export function aboutEnvironment(unset: ReadonlySet<string>, file: string, dir: string): NotLoaded | undefined {
  const found = existsSync(file) ? unloadedFile(unset, dir, file) : undefined;
  return found && { hint: hintOf(found, unset, file, dir), isLikely: !found.isBesideLoaded };
}

function hintOf(found: UnloadedFile, unset: ReadonlySet<string>, file: string, dir: string): string {
  const shown = relative(dir, file);
  const what = `${shown} reads ${listed(found.names)}, which ${found.file} sets, but nothing has loaded ${found.file} for this command.`;
  const mode = unset.has('NODE_ENV') ? /\.env\.(\w+)(?:\.local)?$/.exec(found.file)?.[1] : undefined;
  if (mode !== undefined && mode !== 'local')
    return `${what} It also reads NODE_ENV, which is not set: NODE_ENV=${mode} nest-migrate …`;
  if (readFileSync(file, 'utf8').includes('defineDataSource'))
    return `${what} Name it in ${shown}: defineDataSource({ envFile: '${found.file}', … })`;
  const line =
    found.file === '.env'
      ? "import 'dotenv/config'"
      : `import { config } from 'dotenv'; config({ path: '${found.file}' });`;
  return `${what} Add the line ${line} at the top of ${shown}${isInstalled(file) ? '' : ' (and dotenv to package.json)'}.`;
}

function listed(names: readonly string[]): string {
  const more = names.length - 5;
  return names.slice(0, 5).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function isInstalled(file: string): boolean {
  try {
    return requireFrom(file).resolve('dotenv') !== '';
  } catch {
    return false;
  }
}
