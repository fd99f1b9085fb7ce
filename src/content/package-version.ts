import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version of the package with this name that contains a file; undefined if none does. */
export function versionAbove(file: string, name: string): string | undefined {
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    const manifest = manifestIn(dir);
    if (manifest.name === name) return manifest.version ?? '';
    if (dir === dirname(dir)) return undefined;
  }
}

function manifestIn(dir: string): { readonly name?: string; readonly version?: string } {
  try {
    return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as object;
  } catch {
    return {};
  }
}
