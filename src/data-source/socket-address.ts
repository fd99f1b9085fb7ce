import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of all systems: macOS takes 103 bytes, Linux 107. */
const longest = 103;

/** Has a server listen where only this user can reach it: beside the folder, or in the folder for temporary files; undefined where that cannot be. */
export async function listenFor(dir: string, server: Server): Promise<string | undefined> {
  if (process.platform === 'win32') return listenOnPipe(dir, server);
  const name = `nest-migrate-${randomUUID().slice(0, 8)}.sock`;
  for (const address of [`${dir}.sock`, join(tmpdir(), name), join('/tmp', name)]) {
    const isFitting = Buffer.byteLength(draftOf(address)) <= longest;
    // Not every file system has sockets, and not every folder can be written to.
    if (isFitting && (await listenAt(address, server))) return address;
  }
  return undefined;
}

/** A pipe belongs to its user, and disappears with its process. */
async function listenOnPipe(dir: string, server: Server): Promise<string> {
  const address = String.raw`\\.\pipe\nest-migrate-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}-${process.pid}`;
  server.listen({ path: address, exclusive: true });
  await once(server, 'listening');
  return address;
}

/** It is made in a folder that no other user can enter, and moved when its rights are as they should be. */
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

/** Only what is a socket, whatever a file says about it. */
export function removeSocket(address: string): void {
  if (lstatSync(address, { throwIfNoEntry: false })?.isSocket()) rmSync(address, { force: true });
}
