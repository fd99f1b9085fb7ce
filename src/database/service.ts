import { dirname, join } from 'node:path';
import type { DataSource } from 'typeorm';
import { readJson } from '../files/tsconfig.js';

/** By which the log tells the migrations of this app from those of other services that share its ledger. */
export interface Service {
  /** Undefined where nothing says it: then every migration in the ledger is taken to be of this app. */
  readonly name: string | undefined;
  /** A package may be renamed, or be another one in a container; what the setting says is meant. */
  readonly by: 'setting' | 'package';
}

const folders = new WeakMap<DataSource, string>();

/** Tells the folder of the file that a data source was loaded from. */
export function liesIn(dataSource: DataSource, folder: string): void {
  folders.set(dataSource, folder);
}

/** What the setting says, or the name of the package that the data source lies in; in an app, that of the package that was started. */
export function serviceOf(dataSource: DataSource, setting: string | undefined): Service {
  if (setting !== undefined) return { name: setting, by: 'setting' };
  let read: { readonly name: string | undefined } | undefined;
  return {
    by: 'package',
    // Only a process that writes to the log, or does not know a migration in the ledger, has to read a file for it.
    get name() {
      read ??= { name: packageNameAbove(folders.get(dataSource) ?? startedFolder()) };
      return read.name;
    },
  };
}

/** Test runners and process managers start apps with a file of their own. */
function startedFolder(): string {
  const started = process.argv[1];
  return started === undefined || /[\\/]node_modules[\\/]/.test(started) ? process.cwd() : dirname(started);
}

/** Files with nothing but a module type, as compilers write them, are passed over. */
function packageNameAbove(folder: string): string | undefined {
  const { name } = (readJson(join(folder, 'package.json')) ?? {}) as { readonly name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  const above = dirname(folder);
  return above === folder ? undefined : packageNameAbove(above);
}
