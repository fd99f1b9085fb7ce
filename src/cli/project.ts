import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadable } from '../data-source/compiled.js';
import { listedDataSources } from '../data-source/listed.js';
import { ExitCode, MigrateError, messageOf } from '../errors.js';
import type { MigrateSettings } from '../options.js';
import type { GlobalFlags } from './flags.js';

/** The data source of the command, from flags and package.json. */
export interface Project {
  readonly dir: string;
  /** The content of package.json. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly dataSource: string | undefined;
  readonly app: string | undefined;
  readonly tsconfig: string | undefined;
  readonly settings: MigrateSettings;
  /** The settings in package.json for one of several data sources. */
  settingsFor(file: string): MigrateSettings;
}

/** A flag overrides package.json, and a data source given by a flag overrides an app in package.json. */
export function readProject(dir: string, flags: GlobalFlags): Project {
  const manifest = readManifest(resolve(dir, 'package.json'));
  const own = manifest['nest-migrate'] as Readonly<Record<string, unknown>> | undefined;
  const { dataSource, dataSources: _each, app, tsconfig, ...settings } = own ?? {};
  const listed = Object.entries(listedDataSources(manifest) ?? {});
  const path = (value: unknown): string | undefined =>
    typeof value === 'string' ? resolve(dir, fileName(value)) : undefined;
  return {
    dir,
    manifest,
    dataSource: path(flags.dataSource ?? dataSource),
    app: path(flags.app ?? (flags.dataSource === undefined ? app : undefined)),
    tsconfig: path(flags.tsconfig ?? tsconfig),
    settings,
    settingsFor: (file) =>
      listed.find(([name]) => [resolve(dir, name), loadable(dir, resolve(dir, name))].includes(file))?.[1] ?? {},
  };
}

/** Refuses an address in the place of a file, because it would be shown as a missing file. */
function fileName(text: string): string {
  if (!/(?<!^[a-z]):|password=/i.test(text)) return text;
  throw new MigrateError({
    code: 'USAGE',
    message: 'The address of a database was given instead of a file name.',
    next: '--data-source, --app and --tsconfig name files; the address goes into DATABASE_URL.',
    exitCode: ExitCode.usage,
  });
}

export function readManifest(file: string): Readonly<Record<string, unknown>> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new MigrateError({
      code: 'OPTIONS_INVALID',
      message: `${file} cannot be read as JSON: ${messageOf(error)}`,
      next: 'Correct it.',
      exitCode: ExitCode.usage,
    });
  }
}
