import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { unloadedFile } from '../data-source/env-files.js';
import type { UnloadedFile } from '../data-source/env-files.js';
import { listed } from '../files/unset-variables.js';
import { requireFrom } from '../require-from.js';
import type { EnvironmentReads } from '../data-source/env-reads.js';

/** What to do if a file that sets variables, which were read in vain, was not loaded. */
export interface NotLoaded {
  readonly hint: string;
  /** Whether it is probably needed. Otherwise, only an error is a reason to say so. */
  readonly isLikely: boolean;
}

type Reads = Pick<EnvironmentReads<unknown>, 'unset' | 'own'>;

export function aboutEnvironment(reads: Reads, file: string, dir: string): NotLoaded | undefined {
  const found = existsSync(file) ? unloadedFile(reads.unset, dir, file) : undefined;
  return found && { hint: hintOf(found, reads, file, dir), isLikely: !found.isBesideLoaded };
}

/** What may be the reason if the file could not be loaded and its error does not name a variable. */
export function unsetIn(file: string, { unset, own }: Reads, error: string, dir: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const names = [...unset].filter((name) => own.has(name) || (/^[A-Z][A-Z0-9_]+$/.test(name) && text.includes(name)));
  if (names.length === 0 || names.some((name) => error.includes(name))) return undefined;
  const [verb, them] = names.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return `${listed(names)} ${verb} read, but not set. If ${relative(dir, file)} needs ${them}: set ${them} in the environment, or in the file that sets the other variables (.env).`;
}

function hintOf(found: UnloadedFile, { own }: Reads, file: string, dir: string): string {
  const shown = relative(dir, file);
  const what = `${shown} reads ${listed(found.names)}, which ${found.file} sets, but nothing has loaded ${found.file} for this command.`;
  const mode = own.has('NODE_ENV') ? /\.env\.(\w+)(?:\.local)?$/.exec(found.file)?.[1] : undefined;
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

function isInstalled(file: string): boolean {
  try {
    return requireFrom(file).resolve('dotenv') !== '';
  } catch {
    return false;
  }
}
