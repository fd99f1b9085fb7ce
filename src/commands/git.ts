import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs git in a folder. Fails if git is missing, if the folder is not in a repository, and if git fails. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}
