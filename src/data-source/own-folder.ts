import { lstat, mkdir } from 'node:fs/promises';

/** The folder for temporary files is shared between users: what another user has put there is not used. */
export async function isOwnFolder(dir: string): Promise<boolean> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const found = await lstat(dir);
  return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
}
