// What the projects have in common whose commands the docs show.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
export const command = join(root, 'dist/esm/cli/main.js');

const packages = ['typeorm', 'pg', 'reflect-metadata', 'rxjs', 'typescript', 'nest-migrate-dev', '@nestjs', '@types'];

/** A project of ES modules in TypeScript, in which this package is installed. */
export function makeProject(dir, name) {
  mkdirSync(join(dir, 'node_modules'), { recursive: true });
  for (const one of packages) symlinkSync(join(root, 'node_modules', one), join(dir, 'node_modules', one));
  symlinkSync(root, join(dir, 'node_modules/nest-migrate'));
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: true },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  };
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name, type: 'module' }));
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
}

/** The environment of a person at a terminal without colors. */
export function environment() {
  const { PATH, HOME, NEST_MIGRATE_CACHE } = process.env;
  return { PATH, HOME, ...(NEST_MIGRATE_CACHE && { NEST_MIGRATE_CACHE }), NO_COLOR: '1' };
}
