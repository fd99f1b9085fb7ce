import { readlinkSync } from 'node:fs';
import { codeOf } from '../errors.js';

/** Whether a process of any user runs on this machine. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Stands for the processes that a number can mean here: a container has numbers of its own. Undefined where that cannot be told. */
export function processSpace(): string | undefined {
  if (process.platform !== 'linux') return 'here';
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  } catch {
    return undefined;
  }
}
