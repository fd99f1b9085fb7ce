import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { work } from '../paths.mjs';

/** The environment of a command that finds nothing of what an earlier one has kept: no schemas, no compiled files. */
export const emptyCache = (name) => ({
  NEST_MIGRATE_CACHE: freshFolder(`${name}-cache`),
  TMPDIR: freshFolder(`${name}-tmp`),
});

/** The environment of a command that finds exactly what was kept there, and not what it has added in another run. */
export function withCopyOf(primed, name) {
  const copy = freshFolder(`${name}-cache`);
  cpSync(primed, copy, { recursive: true });
  return { NEST_MIGRATE_CACHE: copy };
}

function freshFolder(name) {
  const dir = join(work, 'caches', name);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}
