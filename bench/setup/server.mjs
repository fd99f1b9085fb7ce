import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, unprivilegedUser } from '../../test/support/binaries.mjs';

/** As a server is in production: what is committed is on the disk. Only what initdb would choose by the machine is fixed. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 100,
  // One transaction that creates 1,000 tables holds more locks than the default has room for.
  max_locks_per_transaction: 256,
};
const shown = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_locks_per_transaction', 'jit'];

/**
 * The shell waits for the end of a pipe that only this process holds open, so the server ends and its folder goes however the bench ends:
 * when it is done, on Ctrl-C, when it is killed. It asks more than once: a server that is only just starting does not hear it yet.
 */
const untilThePipeEnds = `
  "$0" -D data "$@" </dev/null &
  server=$!
  cat >/dev/null
  while kill -QUIT $server; do sleep 0.3; done 2>/dev/null &
  wait $server
  rm -rf "$PWD"
`;

/** A server of its own for the run, with its data on the disk and not in memory. */
export async function startServer() {
  const user = unprivilegedUser();
  const binaries = findBinaries(user);
  const home = mkdtempSync(join(tmpdir(), 'nest-migrate-bench-'));
  if (user) chownSync(home, user.uid, user.gid);
  const initdb = ['-D', 'data', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  execFileSync(join(binaries, 'initdb'), initdb, { ...user, cwd: home, stdio: 'pipe' });
  const port = await freePort();
  const logFile = join(home, 'server.log');
  const log = openSync(logFile, 'a');
  const flags = Object.entries({ port, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const shell = spawn('sh', ['-c', untilThePipeEnds, join(binaries, 'postgres'), ...flags], {
    cwd: home,
    stdio: ['pipe', log, log],
    // A Ctrl-C in the terminal is for the bench; the server ends after it.
    detached: true,
    ...user,
  });
  const ended = once(shell, 'exit');
  const server = {
    urlOf: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    port,
    home,
    stop: async () => {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
  await untilReady(server, logFile);
  shell.unref();
  return { ...server, ...(await describe(server.urlOf('postgres'))) };
}

async function describe(url) {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(
    'SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)',
    [[...shown, 'server_version']],
  );
  await client.end();
  const values = Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  return { version: values.server_version, settings: shown.map((name) => `${name} = ${values[name]}`) };
}

async function freePort() {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address();
  await once(probe.close(), 'close');
  return port;
}

async function untilReady(server, logFile) {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(50)) {
    const client = new pg.Client(server.urlOf('postgres'));
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      // Not yet: it is still starting.
    }
  }
  const said = readFileSync(logFile, 'utf8');
  await server.stop();
  throw new Error(`PostgreSQL did not start:\n${said}`);
}
