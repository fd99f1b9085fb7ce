import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const bench = import.meta.dirname;
export const root = resolve(bench, '..');
/** Everything that a run makes. It may be deleted at any time. */
export const work = join(bench, 'work');
/** A user's app: Nest, TypeORM, and nest-migrate installed from its tarball. */
export const app = join(work, 'app');

export const manifestOf = (dir) => JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));

/** The file behind a command, so that neither npx nor a shell is measured with it. */
export function binOf(packageDir, name) {
  const { bin } = manifestOf(packageDir);
  return join(packageDir, typeof bin === 'string' ? bin : bin[name]);
}

export const ofApp = (name) => join(app, 'node_modules', name);
export const ofBench = (name) => join(bench, 'node_modules', name);
