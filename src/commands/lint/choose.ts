import { realpath } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { ExitCode, MigrateError, messageOf } from '../../errors.js';
import { changesIn } from '../../files/change.js';
import type { KnownMigration } from '../../files/migration.js';
import { git } from '../git.js';
import type { LintOptions } from './types.js';

export interface Choice {
  readonly judged: readonly KnownMigration[];
  /** The migrations to execute before the first judged one. */
  readonly before: readonly KnownMigration[];
  /** How they were chosen, in words. */
  readonly chosen: string;
}

/** The files of migrations that a data source lists as classes, by the names of the migrations. */
export type ClassFiles = ReadonlyMap<string, string>;

/** Chooses the migrations to judge, and the ones to execute before them. */
export async function choose(
  migrations: readonly KnownMigration[],
  options: LintOptions,
  classFiles: ClassFiles,
): Promise<Choice> {
  const { all = false, files = [], since } = options;
  if (Number(all) + Number(files.length > 0) + Number(since !== undefined) > 1)
    throw usage('--all, --since and file names each choose the migrations: use only one of them.');
  if (all) return { judged: migrations, before: [], chosen: 'all migrations' };
  const fileOf: FileOf = ({ file, name }) => file ?? classFiles.get(name);
  if (files.length > 0) return named(migrations, files, fileOf);
  return newInGit(migrations, since, fileOf);
}

type FileOf = (migration: KnownMigration) => string | undefined;

function named(migrations: readonly KnownMigration[], files: readonly string[], fileOf: FileOf): Choice {
  const judged = new Set(files.flatMap((file) => find(migrations, file, fileOf)));
  const first = migrations.findIndex((migration) => judged.has(migration));
  const last = migrations.findLastIndex((migration) => judged.has(migration));
  if (last - first + 1 > judged.size) {
    // The chosen migrations are not adjacent: the ones between them are executed too, but not judged.
    const between = migrations.slice(first, last + 1).filter((migration) => !judged.has(migration));
    return {
      before: [...migrations.slice(0, first), ...between],
      judged: [...judged],
      chosen: 'chosen by name',
    };
  }
  return { before: migrations.slice(0, first), judged: migrations.slice(first, last + 1), chosen: 'chosen by name' };
}

/** All migrations of a file, the one with a name, or those of the only change that a part of a name matches. */
function find(migrations: readonly KnownMigration[], asked: string, fileOf: FileOf): readonly KnownMigration[] {
  const file = resolve(asked);
  const inFile = migrations.filter((migration) => resolve(fileOf(migration) ?? '') === file);
  if (inFile.length > 0) return inFile;
  const named = migrations.filter(({ name }) => name === asked);
  if (named.length > 0) return named;
  const partly = (migration: KnownMigration): boolean =>
    migration.name.includes(asked) || basename(fileOf(migration) ?? '').includes(asked);
  const found = changesIn(migrations).filter((change) => change.migrations.some(partly));
  if (found.length === 1) return found[0]?.migrations.filter(partly) ?? [];
  throw new MigrateError({
    code: 'MIGRATION_UNKNOWN',
    message: `None of the ${migrations.length} migrations of this data source is called "${asked}".`,
    next: 'Give a file, a migration, or an unambiguous part of its name; nest-migrate status lists them.',
    exitCode: ExitCode.usage,
  });
}

/** The migrations that the revision does not contain, so that they have not run on any important database. */
async function newInGit(
  migrations: readonly KnownMigration[],
  since: string | undefined,
  fileOf: FileOf,
): Promise<Choice> {
  const files = migrations.map((migration) => fileOf(migration));
  const [folder = process.cwd(), ...others] = new Set(
    files.flatMap((file) => (file === undefined ? [] : dirname(file))),
  );
  const top = await git(folder, 'rev-parse', '--show-toplevel').catch((error: unknown) => {
    throw usage(
      isMissing(error)
        ? 'git is not installed here, so nest-migrate cannot tell which migrations are new.'
        : 'This is not a git repository, so nest-migrate cannot tell which migrations are new.',
    );
  });
  const base = await baseOf(folder, since);
  const listed = await git(
    folder,
    'ls-tree',
    '-r',
    '-z',
    '--name-only',
    '--full-name',
    base.commit,
    '--',
    folder,
    ...others,
  );
  const known = new Set(listed.split('\0').map((path) => resolve(top, path)));
  const real = async (file: string): Promise<string> => resolve(await realpath(dirname(file)), basename(file));
  const isKnown = await Promise.all(
    // A class whose file is not known cannot be looked up in git, so it counts as old.
    files.map(async (file) => file === undefined || known.has(await real(file))),
  );
  const judged = migrations.filter((_, index) => !isKnown[index]);
  // Databases in use have all migrations of the revision, even those with later timestamps.
  return { judged, before: migrations.filter((_, index) => isKnown[index]), chosen: `new since ${base.name}` };
}

async function baseOf(folder: string, since: string | undefined): Promise<{ commit: string; name: string }> {
  if (since !== undefined) {
    const commit = await git(folder, 'rev-parse', '--verify', '--quiet', `${since}^{commit}`).catch(() => undefined);
    if (commit === undefined)
      throw new MigrateError({
        code: 'USAGE',
        message: `git does not know "${since}" here.`,
        next: `In CI the clone may be shallow: fetch it first (git fetch origin ${since}; actions/checkout with fetch-depth: 0). Or: nest-migrate lint --all`,
        exitCode: ExitCode.usage,
      });
    const left = await git(folder, 'merge-base', 'HEAD', commit).catch(() => commit);
    return { commit: left, name: since };
  }
  for (const name of ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master']) {
    const commit = await git(folder, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`).catch(() => undefined);
    if (commit === undefined) continue;
    return { commit: await git(folder, 'merge-base', 'HEAD', commit).catch(() => commit), name };
  }
  throw usage('This repository has no branch main or master to tell which migrations are new.');
}

function isMissing(error: unknown): boolean {
  return /ENOENT/.test(messageOf(error));
}

function usage(message: string): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message,
    next: 'Choose them: nest-migrate lint --all, --since <revision>, or the names of files.',
    exitCode: ExitCode.usage,
  });
}

/** The path as it is shown to users. */
export function shown(file: string): string {
  return relative(process.cwd(), file);
}
