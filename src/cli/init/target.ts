import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { ProjectFile } from '../../data-source/project-files.js';
import { migrationsFolder } from '../../data-source/project-files.js';
import { ExitCode, MigrateError } from '../../errors.js';
import { entityFoldersBeside, isIn, partsOf } from './apps.js';
import type { Part } from './apps.js';
import { ledgerName, otherServices, packageName } from './services.js';

/** Where a new data source is written, and what it contains. */
export interface Target {
  /**
   * The folder of the app's sources. Some projects do not compile files beside it, and in others such files would move the compiled entry
   * file.
   */
  readonly folder: string;
  /** The app of a workspace to which it belongs. */
  readonly app: Part | undefined;
  /** Patterns relative to that folder. */
  readonly entities: readonly string[];
  /** The folder that already contains migrations, relative to the project. */
  readonly migrations: string | undefined;
  /** The table of applied migrations; undefined for the usual one. */
  readonly ledger: string | undefined;
  /** The services because of which the usual table is not used. */
  readonly others: readonly string[];
}

const inFolder = '**/*.entity.{ts,js}';

/** `from` is the folder in which `init` was called, which in a workspace may be that of an app. */
export function targetIn(
  dir: string,
  from: string,
  manifest: Readonly<Record<string, unknown>>,
  files: readonly ProjectFile[],
): Target {
  const parts = partsOf(dir, files);
  const apps = parts.filter(({ kind }) => kind === 'app');
  const app = chosen(apps, relative(dir, from).split(sep).join('/'));
  const isElsewhere = ({ file }: ProjectFile): boolean =>
    app !== undefined && apps.some((other) => other !== app && isIn(file, other.root));
  const migrations = migrationsFolder(files.filter((file) => !isElsewhere(file)));
  if (app === undefined) {
    const folder = existsSync(join(dir, 'src')) ? 'src' : '.';
    const others = migrations === undefined ? otherServices(dir) : [];
    const ledger = others.length === 0 ? undefined : ledgerName(packageName(dir, manifest));
    return { folder, app, entities: [folder === 'src' ? inFolder : `src/${inFolder}`], migrations, ledger, others };
  }
  const others = apps
    .filter(
      (other) => other !== app && files.some(({ file, text }) => isIn(file, other.sources) && /typeorm/i.test(text)),
    )
    .map(({ name }) => name);
  const beside = entityFoldersBeside(app, parts, files).map((folder) => `${folder}/${inFolder}`);
  const ledger = others.length === 0 || migrations !== undefined ? undefined : ledgerName(app.name);
  return { folder: app.sources, app, entities: [inFolder, ...beside], migrations, ledger, others };
}

function chosen(apps: readonly Part[], from: string): Part | undefined {
  const [first, ...others] = from === '' ? apps : apps.filter(({ root }) => isIn(from, root));
  if (others.length === 0) return first;
  throw new MigrateError({
    code: 'USAGE',
    message: `There are ${apps.length} apps, and it is not clear which one should get the data source: ${apps.map(({ root }) => root).join(', ')}. Nothing was written.`,
    next: `Run it in the folder of one of them: cd ${first?.root} && npx nest-migrate init`,
    exitCode: ExitCode.usage,
  });
}
