import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, MigrateError } from '../errors.js';
import { isProcessAlive } from './process-alive.js';
import { removeSocket } from './socket-address.js';

/** The process that holds a lock file. */
export interface Owner {
  readonly pid: number;
  /** When that process started, if the system tells. Process ids are reused. */
  readonly started: string | null;
  /** The machine or container in which its process id is valid. */
  readonly place: string;
  readonly token: string;
  /** The socket through which other processes reach the database: null until it exists, false if there will be none. */
  readonly address?: string | null | false;
}

/** A lock file held by this process. */
export interface LockFile {
  readonly owner: undefined;
  /** Tells other processes how to reach this one. */
  announce(address: string | false): void;
  release(): void;
}

type Found = Owner | 'gone' | 'unreadable';

/** How often a living owner touches its file for processes that cannot see it, and after how much silence they consider it dead. */
const touchEveryMs = 5_000;
const silentAfterMs = 20_000;

/** Takes a file for this process until it ends, or returns the living process that holds it. A file of a dead process is taken over. */
export async function takeLockFile(file: string): Promise<LockFile | { readonly owner: Owner }> {
  mkdirSync(dirname(file), { recursive: true });
  const mine: Owner = {
    pid: process.pid,
    started: startOf(process.pid),
    place: place(),
    token: randomUUID(),
    address: null,
  };
  const owner = await take(file, mine);
  if (owner !== undefined) return { owner };
  const touching = setInterval(() => touch(file), touchEveryMs).unref();
  let announced: string | false = false;
  const release = (): void => {
    if (announced !== false) removeSocket(announced);
    removeIf(file, mine);
  };
  process.once('exit', release);
  return {
    owner: undefined,
    announce: (address) => {
      if (!isOurs(file, mine)) return;
      announced = address;
      // Written by renaming, so that other processes never read half of it.
      writeFileSync(`${file}.new`, JSON.stringify({ ...mine, address }));
      renameSync(`${file}.new`, file);
    },
    release: () => {
      clearInterval(touching);
      process.removeListener('exit', release);
      release();
    },
  };
}

/** Returns the living owner, if there is one. */
async function take(file: string, mine: Owner): Promise<Owner | undefined> {
  for (;;) {
    if (create(file, mine)) return undefined;
    const owner = await ownerOf(file);
    if (owner === 'gone') continue;
    if (owner !== 'unreadable' && isAlive(owner, file)) return owner;
    // If two processes find the same dead owner, they must not remove each other's new file. So each takes the guard, looks again, and only
    // then removes the file.
    const guard = `${file}.takeover`;
    if ((await take(guard, mine)) === undefined) {
      if (isSame(await ownerOf(file), owner)) {
        if (typeof owner === 'object' && owner.address) removeSocket(owner.address);
        rmSync(file, { force: true });
      }
      removeIf(guard, mine);
    } else await sleep(10);
  }
}

function create(file: string, mine: Owner): boolean {
  try {
    writeFileSync(file, JSON.stringify(mine), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A file that has just been created may be empty for a moment. */
async function ownerOf(file: string): Promise<Found> {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      const owner = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner> | null;
      if (typeof owner?.pid === 'number' && owner.token !== undefined && owner.place !== undefined)
        return owner as Owner;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'gone';
      if (!(error instanceof SyntaxError)) throw error;
    }
    await sleep(20);
  }
  return 'unreadable';
}

function isSame(a: Found, b: Found): boolean {
  return typeof a === 'object' && typeof b === 'object' ? a.token === b.token : a === b;
}

function removeIf(file: string, mine: Owner): void {
  if (isOurs(file, mine)) rmSync(file, { force: true });
}

/** The file may have been removed and taken by another process since. */
function isOurs(file: string, mine: Owner): boolean {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Owner).token === mine.token;
  } catch {
    return false;
  }
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // The file has been removed; the database keeps running.
  }
}

function isAlive(owner: Owner, file: string): boolean {
  if (owner.place !== place()) {
    const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    return touched !== undefined && Date.now() - touched < silentAfterMs;
  }
  if (!isProcessAlive(owner.pid)) return false;
  return owner.started === null || owner.started === startOf(owner.pid);
}

/** Field 22 of /proc/<pid>/stat, counted from the end of the name, which may contain spaces. A zombie (Z) is dead. */
function startOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function place(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** The error if another process holds the file. */
export function inUse(owner: Owner, file: string, what: string, reason: string): MigrateError {
  const where = owner.place === place() ? '' : ` on ${owner.place.split(' ')[0]}`;
  return new MigrateError({
    code: 'EMBEDDED_IN_USE',
    message: `${what} is in use by process ${owner.pid}${where}, and ${reason}. Nothing was changed.`,
    next: `Stop that process (a running app, perhaps), or use a real server: DATABASE_URL in .env. If no such process exists: remove ${file}`,
  });
}
