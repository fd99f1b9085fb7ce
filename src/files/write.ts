import { randomUUID } from 'node:crypto';
import { fsync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';

/** Writes a new file, completely or not at all, and never overwrites one: returns false if the name is taken. */
export async function writeNew(folder: string, name: string, text: string): Promise<boolean> {
  const file = join(folder, name);
  const draft = join(folder, `.${name}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, text, { flag: 'wx' });
    await link(draft, file);
    return true;
  } catch (error) {
    // The same code means that a folder is a file, and another name would not help.
    if (codeOf(error) === 'EEXIST' && (error as { readonly syscall?: string }).syscall !== 'mkdir') return false;
    throw notWritten(file, error);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** With Yarn's Plug'n'Play, a file handle has no `sync` of its own. */
const toDisk = promisify(fsync);

/** Longer than a change takes: a process that takes longer has died. */
const longestDraftMs = 5000;

/**
 * Changes the text of a file, completely or not at all, or removes the file if the new text is undefined. If several processes do so at once,
 * each sees what the one before has written.
 */
export async function changeFile(
  file: string,
  change: (text: string) => string | undefined | Promise<string | undefined>,
): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.tmp`);
  let handle: FileHandle | undefined;
  try {
    await mkdir(dirname(file), { recursive: true });
    handle = await takeDraft(draft);
    const before = await readFile(file, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    });
    const after = await change(before);
    await handle.writeFile(after ?? '');
    await toDisk(handle.fd);
    await handle.close();
    if (after === undefined) await rm(file, { force: true });
    await (after === undefined ? rm(draft) : rename(draft, file));
    handle = undefined;
  } catch (error) {
    throw notWritten(file, error);
  } finally {
    if (handle) {
      await handle.close().catch(() => undefined);
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }
}

/** Only one process has the draft at a time. */
async function takeDraft(draft: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(draft, 'wx');
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const found = await stat(draft).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > longestDraftMs) await rm(draft, { force: true });
      else await sleep(20);
    }
  }
}

function notWritten(file: string, error: unknown): MigrateError {
  if (isMigrateError(error)) return error;
  return new MigrateError({
    code: 'FILE_NOT_WRITTEN',
    message: `${file} could not be written: ${messageOf(error)}. Nothing was left behind.`,
    next: 'Free space on the disk, or make the folder writable, then try again.',
    cause: error,
  });
}
