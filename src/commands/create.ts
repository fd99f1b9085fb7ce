import { readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { folderOfClasses } from '../files/class-list.js';
import { moduleKindOf } from '../files/import-file.js';
import { inLanguage } from '../files/language.js';
import { lockFiles, lockPlace } from '../files/lock-place.js';
import type { MigrationList } from '../files/migration.js';
import { classNameOf, timestampOf } from '../files/name.js';
import { renderData, renderEmpty } from '../files/template.js';
import type { Template } from '../files/template.js';
import { writeNew } from '../files/write.js';
import { enlist } from './enlist.js';
import type { CreateOptions, CreateResult } from './types.js';
import { placementOf } from './placement.js';

export interface CreateContext {
  readonly dataSource: DataSource;
  /** The folder in the settings. */
  readonly dir: string | undefined;
  readonly cwd: string;
  /** Lists the current migrations. */
  list(): Promise<MigrationList>;
}

/** Writes an empty migration with a later timestamp than all existing ones. */
export async function create(options: CreateOptions, context: CreateContext): Promise<CreateResult> {
  const title = titleOf(options.name);
  const existing = await context.list();
  const { language: extension, moduleKind } = inLanguage(options, existing, context.cwd);
  const first = `${nextTimestamp(existing)}-${title}.${extension}`;
  if (options.kind === 'data' && extension === 'sql') throw dataInSql();
  const { cwd, dataSource, dir: setting = folderOfClasses(existing, dataSource) } = context;
  const { folder, foundBy } = await placementOf(existing, { name: first, dir: options.dir, setting, cwd });
  const render = options.kind === 'data' ? renderData : renderEmpty;
  for (let timestamp = nextTimestamp(existing); ; timestamp += 1 + Math.floor(Math.random() * 10)) {
    const fileName = `${timestamp}-${title}.${extension}`;
    const name = `${title}${timestamp}`;
    const template: Template = extension === 'js' ? (moduleKind ?? moduleKindOf(join(folder, fileName))) : extension;
    if (!(await writeNew(folder, fileName, render({ name, timestamp }, template)))) continue;
    if (await isAlone(folder, timestamp)) {
      await lockWritten([join(folder, fileName)], context);
      const file = join(folder, fileName);
      const list = foundBy === 'list' ? await enlist([{ name, file }], dataSource, options) : undefined;
      return { file: relative(cwd, file), name, foundBy, ...(list && { list }) };
    }
    // Another process created one in the same millisecond.
    await rm(join(folder, fileName));
  }
}

/** Adds new files to `migrations.lock`. If that fails, removes the files again. */
export async function lockWritten(
  files: readonly string[],
  { list, dir }: Pick<CreateContext, 'list' | 'dir'>,
): Promise<void> {
  try {
    await lockFiles(files, await lockPlace(await list(), dir));
  } catch (error) {
    for (const file of files) await rm(file, { force: true });
    throw error;
  }
}

function dataInSql(): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: 'A migration that fills rows in batches (--data) must be a class, not a .sql file. Nothing was written.',
    next: 'Leave out --sql; or leave out --data, and write the UPDATE into the .sql file.',
    exitCode: ExitCode.usage,
  });
}

async function isAlone(folder: string, timestamp: number): Promise<boolean> {
  return (await readdir(folder)).filter((entry) => entry.startsWith(`${timestamp}-`)).length === 1;
}

export function nextTimestamp(existing: MigrationList): number {
  const known = [
    ...existing.files.map((file) => file.expected?.timestamp ?? 0),
    ...existing.classes.map(({ name }) => timestampOf(name) ?? 0),
  ];
  return Math.max(Date.now(), ...known.map((timestamp) => timestamp + 1));
}

/** `add "e-mail" to users` → `AddEMailToUsers`. */
export function titleOf(text: string): string {
  const words = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}_$]+/gu, ' ')
    .trim();
  const title = classNameOf(words).replaceAll(' ', '');
  if (/^[\p{L}_$]/u.test(title) && title.length <= 100) return title;
  throw new MigrateError({
    code: 'USAGE',
    message: `"${text}" is not a valid name for a migration: ${title === '' ? 'it has no letters' : title.length > 100 ? 'it is longer than 100 characters' : 'it must begin with a letter'}. Nothing was written.`,
    next: 'For example: nest-migrate create AddEmailToUsers',
    exitCode: ExitCode.usage,
  });
}
