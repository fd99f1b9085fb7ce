import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findDataSourceFile } from '../../data-source/find.js';
import type { ProjectFile } from '../../data-source/project-files.js';
import { scriptedDataSources } from '../../data-source/scripts.js';
import { candidatesIn } from '../../data-source/search.js';
import { ExitCode, isMigrateError, MigrateError } from '../../errors.js';
import { otherDataSources } from '../../data-source/listed.js';
import { isOfOtherApp } from './apps.js';

/** The file that tells all commands where the database is. There must be only one. */
export interface InCharge {
  readonly kind: 'data source' | 'app';
  readonly file: string;
  /** How the commands find it. */
  readonly by: 'settings' | 'scripts' | 'its name' | 'search';
}

/** The files that the user has named on the command line. */
export interface Named {
  readonly dataSource?: string | undefined;
  readonly app?: string | undefined;
}

/**
 * The file with which the project already connects: named by package.json or its scripts, found by its usual name, a data source that a
 * file exports, a file for TypeORM's command, or the module of an app. Undefined if there is none. If there are two of a kind, the user has
 * to decide.
 */
export function inCharge(
  dir: string,
  manifest: Readonly<Record<string, unknown>>,
  files: readonly ProjectFile[],
  { within, ...named }: Named & { readonly within: string },
): InCharge | undefined {
  const { dataSource, app } = (manifest['nest-migrate'] ?? {}) as Readonly<Record<string, unknown>>;
  const given = named.dataSource ?? named.app;
  if (given !== undefined) {
    if (!existsSync(join(dir, given))) throw notThere(given);
    return { kind: named.dataSource === undefined ? 'app' : 'data source', file: given, by: 'search' };
  }
  if (typeof dataSource === 'string') return { kind: 'data source', file: dataSource, by: 'settings' };
  if (typeof app === 'string') return { kind: 'app', file: app, by: 'settings' };
  const found = foundByCommands(dir, manifest);
  if (found !== undefined) return found;
  const { dataSources, ormConfigs, apps } = candidatesIn(dir, files);
  const own = apps.filter((file) => !isOfOtherApp(file, within, dir, files));
  return (
    only(dataSources, { kind: 'data source' }) ??
    only(ormConfigs, { kind: 'data source' }) ??
    only(own.length > 0 ? own : apps, { kind: 'app' })
  );
}

/** The file with which one app of a workspace connects, if the commands read that of another app. */
export function connectionOfApp(dir: string, within: string, files: readonly ProjectFile[]): InCharge | undefined {
  const { dataSources, apps } = candidatesIn(dir, files);
  const isOwn = (file: string): boolean => !isOfOtherApp(file, within, dir, files);
  return only(dataSources.filter(isOwn), { kind: 'data source' }) ?? only(apps.filter(isOwn), { kind: 'app' });
}

/** The file that the commands find by themselves. If there are two candidates, they name both. */
function foundByCommands(dir: string, manifest: Readonly<Record<string, unknown>>): InCharge | undefined {
  try {
    const file = relative(dir, findDataSourceFile(dir, manifest).file);
    const isScripted = scriptedDataSources(dir, manifest, 'typescript').some((one) => one.dataSource === file);
    return { kind: 'data source', file, by: isScripted ? 'scripts' : 'its name' };
  } catch (error) {
    if (isMigrateError(error) && error.code === 'DATA_SOURCE_NOT_FOUND') return undefined;
    throw error;
  }
}

function notThere(file: string): MigrateError {
  return new MigrateError({
    code: 'DATA_SOURCE_NOT_FOUND',
    message: `There is no file ${file}. Nothing was written.`,
    next: 'Correct --data-source or --app.',
    exitCode: ExitCode.usage,
  });
}

function only(files: readonly string[], { kind }: Pick<InCharge, 'kind'>): InCharge | undefined {
  const [file, ...others] = files;
  if (file === undefined) return undefined;
  if (others.length === 0) return { kind, file, by: 'search' };
  const flag = kind === 'app' ? '--app' : '--data-source';
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `There are ${files.length} ${kind === 'app' ? 'apps that connect to a database' : 'data sources'}, and it is not clear which one to use: ${files.join(', ')}. Nothing was written.`,
    next: `Name one: nest-migrate init ${flag} ${file}${kind === 'app' ? '' : `\n${otherDataSources}`}`,
    exitCode: ExitCode.usage,
  });
}
