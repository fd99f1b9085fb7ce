import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The smallest limit of any system: 103 bytes on macOS, 107 on Linux. */
const longest = 103;

/** Makes a server listen where only this user can reach it: beside the folder, or in the temporary folder. Undefined if neither works. */
export async function listenFor(dir: string, server: Server): Promise<string | undefined> {
  if (process.platform === 'win32') return listenOnPipe(dir, server);
  const name = `nest-migrate-${randomUUID().slice(0, 8)}.sock`;
  for (const address of [`${dir}.sock`, join(tmpdir(), name), join('/tmp', name)]) {
    const isFitting = Buffer.byteLength(draftOf(address)) <= longest;
    // Some file systems have no sockets, and some folders are read-only.
    if (isFitting && (await listenAt(address, server))) return address;
  }
  return undefined;
}

/** A named pipe belongs to its user and disappears with its process. */
async function listenOnPipe(dir: string, server: Server): Promise<string> {
  const address = String.raw`\\.\pipe\nest-migrate-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}-${process.pid}`;
  server.listen({ path: address, exclusive: true });
  await once(server, 'listening');
  return address;
}

/** The socket is created in a folder that no other user can enter, and moved once its permissions are correct. */
async function listenAt(address: string, server: Server): Promise<boolean> {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(`${address}-`);
    const draft = join(folder, 's');
    // Under `node:cluster`, the primary process would listen instead.
    server.listen({ path: draft, exclusive: true });
    await once(server, 'listening');
    chmodSync(draft, 0o600);
    renameSync(draft, address);
    return true;
  } catch {
    if (server.listening) server.close();
    return false;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function draftOf(address: string): string {
  return `${address}-xxxxxx/s`;
}

/** Removes only a socket, whatever a lock file says about the path. */
export function removeSocket(address: string): void {
  if (lstatSync(address, { throwIfNoEntry: false })?.isSocket()) rmSync(address, { force: true });
}
