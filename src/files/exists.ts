import { statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { codeOf } from '../errors.js';

export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() === true;
}

export function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // There is a file in the place of a folder of this path.
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
