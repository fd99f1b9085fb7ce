import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Draft } from '../../database/drafts.js';
import { codeOf } from '../../errors.js';
import { lockPlace, lockInstead } from '../../files/lock-place.js';
import { listMigrations } from '../../files/list-migrations.js';
import { checksumOf } from '../../files/migrations-lock.js';
import { expectedName } from '../../files/name.js';
import { changeFile } from '../../files/write.js';
import type { CommandContext } from '../context.js';
import { git } from '../git.js';

/** The state of the files of a draft, compared with how they were written. */
export type FilesState =
  | 'as written'
  /** Edited by the user. */
  | 'edited'
  | 'committed'
  /** Deleted, or absent because another branch was checked out. */
  | 'gone'
  /** Not written, because the process that was about to write them died. */
  | 'not written';

export async function stateOfFiles(draft: Draft, folder: string): Promise<FilesState> {
  const texts = await Promise.all(draft.files.map(({ name }) => textOf(join(folder, name))));
  const isOurs = (text: string | undefined): boolean =>
    text === undefined || draft.checksums.includes(checksumOf(text));
  if (!texts.every(isOurs)) return 'edited';
  if (texts.some((text) => text === undefined)) return draft.isWritten ? 'gone' : 'not written';
  return (await isCommitted(draft, folder)) ? 'committed' : 'as written';
}

async function isCommitted({ files }: Draft, folder: string): Promise<boolean> {
  for (const { name } of files) if (await isIn('HEAD', name, folder)) return true;
  return false;
}

/** Whether a file is in a commit. Without git, the answer is no. */
async function isIn(commit: string, name: string, folder: string): Promise<boolean> {
  return git(folder, 'cat-file', '-e', `${commit}:./${name}`).then(
    () => true,
    () => false,
  );
}

/** Whether the main branch contains it, so that others may have run it. */
export async function isPublished({ files }: Draft, folder: string): Promise<boolean> {
  for (const branch of ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'])
    for (const { name } of files) if (await isIn(branch, name, folder)) return true;
  return false;
}

/** Writes the files of a draft, removes its earlier ones, and adds them to `migrations.lock`. */
export async function writeDraft(
  draft: Draft,
  earlier: readonly string[],
  folder: string,
  context: CommandContext,
): Promise<void> {
  for (const { name, text } of draft.files)
    if ((await textOf(join(folder, name))) !== text) await changeFile(join(folder, name), () => text);
  await removeFiles(
    earlier.filter((name) => !draft.files.some((file) => file.name === name)),
    draft,
    folder,
  );
  await removeOutputs(draft, context);
  const made = draft.files.map(({ name }) => join(folder, name));
  await lockInstead(earlier, made, await lockPlace(await listMigrations(context), context.settings.dir));
}

/** Removes a draft completely. */
export async function removeDraft(draft: Draft, folder: string, context: CommandContext): Promise<void> {
  await removeFiles(draft.names, draft, folder);
  await removeOutputs(draft, context);
  await lockInstead(draft.names, [], await lockPlace(await listMigrations(context), context.settings.dir));
}

/** Removes only files whose text was written by `dev`. */
async function removeFiles(names: readonly string[], { checksums }: Draft, folder: string): Promise<void> {
  for (const name of names) {
    const text = await textOf(join(folder, name));
    if (text !== undefined && checksums.includes(checksumOf(text))) await rm(join(folder, name), { force: true });
  }
}

/** The compiled output of an earlier text would be a migration without a source. */
async function removeOutputs({ names }: Draft, context: CommandContext): Promise<void> {
  const own = new Set(names.map((name) => expectedName(name)?.name));
  const { stale } = await listMigrations(context);
  for (const { file } of stale.filter(({ expected }) => expected !== undefined && own.has(expected.name)))
    for (const output of [file, `${file}.map`, file.replace(/\.([cm]?)js$/, '.d.$1ts')])
      await rm(output, { force: true });
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The project without the draft. */
export function withoutDraft(context: CommandContext, draft: Draft | undefined): CommandContext {
  if (draft === undefined) return context;
  const own = new Set(draft.migrations.map(({ name }) => name));
  const isOwn = (file: string): boolean => own.has(expectedName(file)?.name ?? '');
  return { ...context, leavesOut: isOwn };
}
