import {
  cpSync,
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

/**
 * A project of a user in a temporary folder; `nest-migrate` in it is the build of this repository. With another copy of TypeORM it is
 * installed as a user has it, so that it finds that copy rather than ours.
 */
export function createProject(files: Readonly<Record<string, string>>, typeorm = 'typeorm'): TestProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'nest-migrate-project-')));
  const root = resolve(process.cwd());
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(join(root, 'node_modules', typeorm), join(dir, 'node_modules/typeorm'));
  for (const name of [
    '@nestjs',
    'pg',
    'reflect-metadata',
    'rxjs',
    'typescript',
    'nest-migrate-dev',
    'nest-commander',
    '@types',
    'dotenv',
    'tinyglobby',
  ]) {
    symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name));
  }
  const installed = join(dir, 'node_modules/nest-migrate');
  if (typeorm === 'typeorm') symlinkSync(root, installed);
  else
    for (const part of ['package.json', 'dist']) cpSync(join(root, part), join(installed, part), { recursive: true });
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
