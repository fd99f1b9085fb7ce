import { join } from 'node:path';
import { versionAbove } from '../content/package-version.js';
import { developmentVersion } from '../development.js';
import { buildId } from '../version.js';
import { requireFrom } from '../require-from.js';

/** Everything that could read or make another schema of the same input. */
export function versionsOfEngines(): readonly string[] {
  const pinned = ['@electric-sql/pglite', '@supabase/pg-delta'].map(
    (name) => `${name} ${developmentVersion(name) ?? ''}`,
  );
  // Not the version of this package: one version may have many builds, each with other proofs.
  return [buildId, ...['typeorm', 'pg'].map(versionOf), ...pinned];
}

/** Of the package that the project has; without one, nothing is made anyway. */
function versionOf(name: string): string {
  try {
    const file = requireFrom(join(process.cwd(), 'package.json')).resolve(name);
    return `${name} ${versionAbove(file, name) ?? ''}`;
  } catch {
    return name;
  }
}
