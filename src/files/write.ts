import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, MigrateError } from '../errors.js';

/** Writes a new file, whole or not at all, and never over another one: false when the name is taken. */
export async function writeNew(folder: string, name: string, text: string): Promise<boolean> {
  const file = join(folder, name);
  const draft = join(folder, `.${name}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, text, { flag: 'wx' });
    await link(draft, file);
    return true;
  } catch (error) {
    // Said of a folder that is a file, too; that will not go away by trying another name.
    if (codeOf(error) === 'EEXIST' && (error as { readonly syscall?: string }).syscall !== 'mkdir') return false;
    throw new MigrateError({
      code: 'FILE_NOT_WRITTEN',
      message: `${file} could not be written: ${messageOf(error)}. Nothing was left behind.`,
      next: 'Make room on the disk, or make the folder writable, then try again.',
      cause: error,
    });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}
