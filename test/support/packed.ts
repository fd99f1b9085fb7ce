import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** There, npm is a script, which only a shell starts. */
const isWindows = process.platform === 'win32';

export interface Tarballs {
  readonly production: string;
  readonly development: string;
}

/** Both packages as npm would publish them, in a folder. */
export function packInto(dir: string): Tarballs {
  const pack = (folder: string): string => {
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], {
      cwd: folder,
      encoding: 'utf8',
      shell: isWindows,
    });
    // What the scripts of a package print comes before it.
    return join(dir, packed.trim().split('\n').at(-1) ?? '');
  };
  return { production: pack(resolve('.')), development: pack(resolve('packages/dev')) };
}

export function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** npm, in a folder of its own: what the npm that runs the tests has told its children is not for this one. */
export function npm(dir: string, ...args: readonly string[]): string {
  const env = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: dir,
    stdio: 'pipe',
    encoding: 'utf8',
    shell: isWindows,
    env: Object.fromEntries(env),
  });
}
