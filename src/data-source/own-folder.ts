import { lstat, mkdir } from 'node:fs/promises';

/** The temporary folder is shared between users, and a folder that another user has created is not trusted. */
export async function isOwnFolder(dir: string): Promise<boolean> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const found = await lstat(dir);
  return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
}
