import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What git says in a folder; it fails where git is missing, where the folder is no repository, and where git says no. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}
