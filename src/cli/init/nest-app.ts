import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Something found in the sources. */
export interface Found {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** The module of an app whose connection is written nowhere else: its entities come from the modules, or its options from a service. */
export function readNestApp(dir: string): Found | undefined {
  const hasOwn = ['data-source.ts', 'src/data-source.ts', 'data-source.js', 'src/data-source.js'].some((file) =>
    existsSync(join(dir, file)),
  );
  if (hasOwn) return undefined;
  const module = find(dir, /TypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/, 'TypeOrmModule.forRoot').find(({ file }) => {
    const text = readFileSync(join(dir, file), 'utf8');
    return /autoLoadEntities\s*:\s*true/.test(text) || /forRootAsync/.test(text);
  });
  if (module === undefined) return undefined;
  // The connection may be in a module of its own; the app's root module has all entities.
  const root = ['src/app.module.ts', 'src/app/app.module.ts'].find((file) => existsSync(join(dir, file)));
  return { ...module, file: root ?? module.file };
}

export function findSynchronize(dir: string): readonly Found[] {
  return (['synchronize', 'dropSchema', 'migrationsRun'] as const).flatMap((what) =>
    find(dir, new RegExp(`\\b${what}\\s*:\\s*true\\b`), what),
  );
}

function find(dir: string, pattern: RegExp, what: string): readonly Found[] {
  return sources(dir).flatMap((path) => {
    const lines = readFileSync(path, 'utf8').split('\n');
    const index = lines.findIndex((line) => pattern.test(line) && !/^\s*(?:\/\/|\*)/.test(line));
    return index === -1 ? [] : [{ file: relative(dir, path), line: index + 1, what }];
  });
}

function sources(dir: string): readonly string[] {
  const here = readdirSync(dir, { withFileTypes: true });
  return here.flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|coverage|test|\..*)$/.test(entry.name) ? [] : sources(path);
    return /\.[cm]?ts$/.test(entry.name) && !/\.(?:d|spec|test)\.[cm]?ts$/.test(entry.name) ? [path] : [];
  });
}
