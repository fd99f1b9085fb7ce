import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface TestProject {
  readonly dir: string;
  write(path: string, text: string): string;
  read(path: string): string;
  has(path: string): boolean;
  delete(path: string): void;
  remove(): void;
}

/** A project of a user in a temporary folder; `nest-migrate` in it is the build of this repository. */
export function createProject(files: Readonly<Record<string, string>>): TestProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'nest-migrate-project-')));
  const root = resolve(process.cwd());
  mkdirSync(join(dir, 'node_modules'));
  for (const name of [
    'typeorm',
    '@nestjs',
    'pg',
    'reflect-metadata',
    'rxjs',
    'typescript',
    '@electric-sql',
    '@supabase',
    'libpg-query',
    'nest-commander',
    '@types',
    'dotenv',
  ]) {
    symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name));
  }
  symlinkSync(root, join(dir, 'node_modules', 'nest-migrate'));
  const write = (path: string, text: string): string => {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  return {
    dir,
    write,
    read: (path) => readFileSync(join(dir, path), 'utf8'),
    has: (path) => existsSync(join(dir, path)),
    delete: (path) => rmSync(join(dir, path)),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
