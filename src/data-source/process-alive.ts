import { readlinkSync } from 'node:fs';
import { codeOf } from '../errors.js';

/** Whether a process of any user with this id runs on this machine. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Identifies the process ids that are valid here: a container has its own. Undefined if that is unknown. */
export function processSpace(): string | undefined {
  if (process.platform !== 'linux') return 'here';
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  } catch {
    return undefined;
  }
}
