import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const npm = 'npm install -D';
const byLockFile: readonly (readonly [file: string, line: string])[] = [
  ['package-lock.json', npm],
  ['pnpm-lock.yaml', 'pnpm add -D'],
  ['yarn.lock', 'yarn add -D'],
  ['bun.lock', 'bun add -d'],
  ['bun.lockb', 'bun add -d'],
];

/** What to type to install packages for production. */
export function addLine(packages: string, dir = process.cwd()): string {
  return installLine(packages, dir).replace(/ -[Dd] /, ' ');
}

/** What to type to install packages for development, with the package manager of the project: the one that wrote the nearest lock file. */
export function installLine(packages: string, dir = process.cwd()): string {
  for (let folder = dir; ; folder = dirname(folder)) {
    const found = byLockFile.find(([file]) => existsSync(join(folder, file)));
    if (found !== undefined || folder === dirname(folder)) return `${found?.[1] ?? npm} ${packages}`;
  }
}
