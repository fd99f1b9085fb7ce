import { ExitCode, MigrateError } from '../errors.js';
import type { DropDatabaseOptions } from './database.js';
import type { SeedOptions } from './seed.js';
import type { FreshOptions } from './fresh.js';
import type { CreateOptions, RedoOptions, RevertOptions, RunOptions, WaitOptions } from './types.js';

/** Commands for which a misspelt option would silently change the database in a different way than intended. */
interface Commands {
  readonly run: RunOptions;
  readonly revert: RevertOptions;
  readonly redo: RedoOptions;
  readonly wait: WaitOptions;
  readonly create: CreateOptions;
  readonly dropDatabase: DropDatabaseOptions;
  readonly fresh: FreshOptions;
  readonly seed: SeedOptions;
}

const known: { readonly [C in keyof Commands]: Readonly<Record<keyof Commands[C], true>> } = {
  run: { to: true, count: true, transaction: true, mode: true, phase: true },
  revert: { to: true, count: true, unit: true, which: true, recordedToo: true, mode: true },
  redo: { count: true, unit: true, recordedToo: true },
  wait: { timeoutMs: true, until: true },
  create: { name: true, kind: true, language: true, dir: true, moduleKind: true, addToList: true, ask: true },
  dropDatabase: { yesDrop: true, ask: true, force: true },
  fresh: { yesDrop: true, ask: true, seed: true },
  seed: { names: true },
};

/** Reports what TypeScript would have reported to the author of a JavaScript app. */
export function refuseUnknown(command: keyof Commands, options: object): void {
  const names = Object.keys(known[command]);
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `${command}() does not know ${unknown.map((name) => `\`${name}\``).join(', ')}. Nothing was done.`,
    next: `It takes ${names.map((name) => `\`${name}\``).join(', ')}.${unknown.includes('dryRun') && 'mode' in known[command] ? " For a dry run: mode: 'dry'." : ''}`,
    exitCode: ExitCode.usage,
  });
}
