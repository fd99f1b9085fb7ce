import { join } from 'node:path';
import { versionAbove } from '../content/package-version.js';
import { developmentVersion } from '../development.js';
import { buildId } from '../version.js';
import { requireFrom } from '../require-from.js';

/** The versions of everything that could produce a different schema from the same input. */
export function versionsOfEngines(): readonly string[] {
  const pinned = ['@electric-sql/pglite', '@supabase/pg-delta'].map(
    (name) => `${name} ${developmentVersion(name) ?? ''}`,
  );
  // Uses the content of the build, since one version may have several builds with different proofs.
  return [buildId, ...['typeorm', 'pg'].map(versionOf), ...pinned];
}

/** The version that the project has installed; without one, no schema can be created anyway. */
function versionOf(name: string): string {
  try {
    const file = requireFrom(join(process.cwd(), 'package.json')).resolve(name);
    return `${name} ${versionAbove(file, name) ?? ''}`;
  } catch {
    return name;
  }
}
