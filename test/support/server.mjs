import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, unprivilegedUser } from './binaries.mjs';

/**
 * Starts a real PostgreSQL from the binaries that npm installed, on a free port, with a data directory copied from a cached image, with
 * these settings besides and these files in that directory. Another version of it may be `installed` in a folder.
 */
export async function startServer({ settings = {}, files = {}, installed } = {}) {
  const user = unprivilegedUser();
  const binaries = findBinaries(user, installed);
  const image = dataImage(binaries, user);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(), { binaries, image, user, settings, files });
    } catch (error) {
      // Another process may have taken the port since it was found to be free.
      if (attempt === 3 || !/could not bind|could not create any TCP/.test(error.message)) throw error;
    }
  }
}

async function startOn(port, { binaries, image, user, settings, files }) {
  const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'nest-migrate-pg-'));
  if (user) chownSync(home, user.uid, user.gid);
  const data = join(home, 'data');
  execFileSync('cp', ['-a', image, data]);
  for (const [name, input] of Object.entries(files))
    execFileSync('sh', ['-c', `umask 077; cat > "${join(data, name)}"`], { ...user, cwd: home, input });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const logFile = join(home, 'server.log');
  const launch = () => launchServer({ binaries, user, home, data, logFile, url, settings: { port, ...settings } });
  let running = await launch().catch((error) => {
    rmSync(home, { recursive: true, force: true });
    throw error;
  });
  return {
    url,
    logFile,
    home,
    get pid() {
      return running.pid;
    },
    /** Ends it as a crash does. */
    crash: () => running.end(),
    start: async () => void (running = await launch()),
    stop: async () => {
      await running.end();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function launchServer({ binaries, user, home, data, logFile, url, settings }) {
  const log = openSync(logFile, 'a');
  const all = {
    fsync: 'off',
    max_connections: 250,
    max_prepared_transactions: 5,
    unix_socket_directories: '',
    listen_addresses: '127.0.0.1',
    log_line_prefix: '%m [%p] %q%u@%d ',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...flags], {
    cwd: home,
    stdio: ['ignore', log, log],
    detached: true,
    ...user,
  });
  closeSync(log);
  await once(server, 'spawn');
  const watchdog = startWatchdog(server.pid, home);
  const ended = once(server, 'exit');
  const end = async () => {
    server.ref();
    server.kill('SIGQUIT');
    await ended;
    watchdog.kill();
  };
  try {
    await untilReady(url, server, logFile);
  } catch (error) {
    await end();
    throw error;
  }
  server.unref();
  return { pid: server.pid, end };
}

/** initdb takes half a second, so its result is kept: copying it takes a few milliseconds. */
function dataImage(binaries, user) {
  const owner = user?.uid ?? process.getuid?.() ?? '';
  const version = execFileSync(join(binaries, 'postgres'), ['--version'], { ...user, cwd: '/' });
  const key = createHash('sha256').update(`${version} ${owner} 3`).digest('hex').slice(0, 12);
  const cache = join(tmpdir(), `nest-migrate-pg-image-${key}`);
  if (existsSync(cache)) return cache;
  const parent = mkdtempSync(join(tmpdir(), 'nest-migrate-initdb-'));
  if (user) chownSync(parent, user.uid, user.gid);
  const fresh = join(parent, 'data');
  const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(binaries, 'initdb'), ['-D', fresh, ...flags], { ...user, cwd: parent, stdio: 'pipe' });
  // Password logins over TCP for all but the superuser, so that a wrong password can be tested.
  const hba =
    'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\nhost replication postgres 127.0.0.1/32 trust\n';
  execFileSync('sh', ['-c', `cat > "${join(fresh, 'pg_hba.conf')}"`], { ...user, cwd: parent, input: hba });
  try {
    renameSync(fresh, cache);
  } catch (error) {
    // Another run has put its own image there meanwhile, which is as good.
    if (!existsSync(cache)) throw error;
  }
  rmSync(parent, { recursive: true, force: true });
  return cache;
}

/** Ends the server when the test run is killed: it waits for the end of a pipe that only this process holds open. */
function startWatchdog(pid, home) {
  const script = `cat >/dev/null; kill -QUIT ${pid}; for i in $(seq 100); do kill -0 ${pid} || break; sleep 0.1; done; rm -rf "${home}"`;
  const watchdog = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.unref();
  watchdog.stdin.unref();
  return watchdog;
}

async function freePort() {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address();
  await once(probe.close(), 'close');
  return port;
}

async function untilReady(url, server, logFile) {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(25)) {
    if (server.exitCode !== null) break;
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      // Not yet: it is still starting.
    }
  }
  throw new Error(`PostgreSQL did not start:\n${readFileSync(logFile, 'utf8')}`);
}
