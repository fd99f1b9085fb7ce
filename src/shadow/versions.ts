import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageVersion } from '../version.js';

/** Everything that could read or make another schema of the same input. */
export function versionsOfEngines(): readonly string[] {
  return [packageVersion, ...['typeorm', 'pg', '@electric-sql/pglite', '@supabase/pg-delta'].map(versionOf)];
}

/** Of the package that the project has; without one, nothing is made anyway. */
function versionOf(name: string): string {
  try {
    for (let dir = dirname(createRequire(join(process.cwd(), 'package.json')).resolve(name)); ; dir = dirname(dir)) {
      const manifest = JSON.parse(readIfThere(join(dir, 'package.json')) ?? '{}') as {
        name?: string;
        version?: string;
      };
      if (manifest.name === name) return `${name} ${manifest.version ?? ''}`;
      if (dir === dirname(dir)) return name;
    }
  } catch {
    return name;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
