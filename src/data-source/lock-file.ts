import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, MigrateError } from '../errors.js';

interface Owner {
  readonly pid: number;
  /** When that process started, where the system says: pids are used again. */
  readonly started: string | null;
}

/** Takes a file for this process alone, until it ends. A file left by a dead process is taken over. */
export function takeLockFile(file: string, what: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const mine: Owner = { pid: process.pid, started: startOf(process.pid) };
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx' });
      const release = (): void => rmSync(file, { force: true });
      process.once('exit', release);
      return () => {
        process.removeListener('exit', release);
        release();
      };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const owner = ownerOf(file);
    if (owner && isAlive(owner)) throw inUse(owner.pid, file, what);
    setAside(file);
  }
  throw inUse(ownerOf(file)?.pid ?? 0, file, what);
}

function ownerOf(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  return owner.started === null || owner.started === startOf(owner.pid);
}

/** Field 22 of /proc/<pid>/stat, counted from behind the name, which may hold spaces. */
function startOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Renaming succeeds for one process only, so two that find the same stale file do not remove each other's new one. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function inUse(pid: number, file: string, what: string): MigrateError {
  return new MigrateError({
    code: 'EMBEDDED_IN_USE',
    message: `${what} is in use by the process ${pid}; only one process at a time can have it.`,
    next: `Stop that process (a running app, perhaps), or use a real server: DATABASE_URL in .env. If no such process exists: remove ${file}`,
  });
}
