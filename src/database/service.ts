import { dirname, join } from 'node:path';
import type { DataSource } from 'typeorm';
import { readJson } from '../files/tsconfig.js';

/** Identifies this app in the log, so that its migrations are distinguished from those of other services that share its ledger. */
export interface Service {
  /** Undefined if it is unknown: then every migration in the ledger counts as belonging to this app. */
  readonly name: string | undefined;
  /** A package may be renamed or differ in a container; a name from the setting is intended. */
  readonly by: 'setting' | 'package';
}

const folders = new WeakMap<DataSource, string>();

/** Records the folder of the file that a data source was loaded from. */
export function liesIn(dataSource: DataSource, folder: string): void {
  folders.set(dataSource, folder);
}

/** The name from the setting, or the name of the package that contains the data source; in an app, that of the package that was started. */
export function serviceOf(dataSource: DataSource, setting: string | undefined): Service {
  if (setting !== undefined) return { name: setting, by: 'setting' };
  let read: { readonly name: string | undefined } | undefined;
  return {
    by: 'package',
    // The file is read only if the process writes to the log, or if the ledger contains an unknown migration.
    get name() {
      read ??= { name: packageNameAbove(folders.get(dataSource) ?? startedFolder()) };
      return read.name;
    },
  };
}

/** Test runners and process managers start apps from a file of their own package. */
function startedFolder(): string {
  const started = process.argv[1];
  return started === undefined || /[\\/]node_modules[\\/]/.test(started) ? process.cwd() : dirname(started);
}

/** Skips files with nothing but a module type, as compilers write them. */
function packageNameAbove(folder: string): string | undefined {
  const { name } = (readJson(join(folder, 'package.json')) ?? {}) as { readonly name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  const above = dirname(folder);
  return above === folder ? undefined : packageNameAbove(above);
}
