import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { asRole, ask, databaseUrl, unprivileged, until } from '../place.js';
import { marker, role } from '../project.js';
import type { Fault, Scene, Way } from './fault.js';

/** Nothing goes wrong; the processes are of two deploys. */
export const deploys: Fault = { kind: 'two deploys', effect: 'none' };

/** The clock of each process is another one, and jumps while it works. */
export const clock: Fault = {
  kind: 'clock jumps',
  effect: 'none',
  prepare: ({ place, random, database }) => {
    const file = join(place.dir, 'clock.cjs');
    writeFileSync(file, jumping);
    const way = (): Way => {
      const jump = random.pick([-86_400_000, -3_600_000, -5000, 5000, 3_600_000, 86_400_000 * 400]);
      const env = { NODE_OPTIONS: `--require ${file}`, CLOCK_JUMP: `${jump} ${200 + random.below(1500)}` };
      return { url: asRole(databaseUrl(place.server, database)), through: 'proxy', env };
    };
    return Promise.resolve({ way, end: () => Promise.resolve() });
  },
};

const jumping = `const [by, after] = process.env.CLOCK_JUMP.split(' ').map(Number);
const now = Date.now;
const shifted = () => now() + (process.uptime() * 1000 > after ? by : -by);
const RealDate = Date;
globalThis.Date = class Date extends RealDate {
  constructor(...given) { given.length === 0 ? super(shifted()) : super(...given); }
  static now() { return shifted(); }
};
`;

/** With the right authority of the server's certificate it works; with none, or another one, nothing is changed. */
export const tls: Fault = {
  kind: 'TLS',
  effect: 'none',
  alone: true,
  missing: ({ certificates }) => (certificates ? undefined : 'openssl is not installed'),
  prepare: ({ place, random, database }) => {
    const { authority = '', stranger = '' } = place.certificates ?? {};
    const url = asRole(databaseUrl(place.server, database));
    const ways: readonly Way[] = [
      { url: `${url}?sslmode=verify-full&sslrootcert=${authority}`, through: 'nothing', mustSay: 'done' },
      { url: `${url}?sslmode=verify-full&sslrootcert=${stranger}`, through: 'nothing', mustSay: 'CONNECTION_FAILED' },
      { url: `${url}?sslmode=verify-full`, through: 'nothing', mustSay: 'CONNECTION_FAILED' },
      { url: `${url}?sslmode=require`, through: 'nothing', mustSay: 'done' },
    ];
    return Promise.resolve({ way: () => random.pick(ways), end: () => Promise.resolve() });
  },
};

/** Through PgBouncer in one of its modes; in statement mode, no transaction can be opened. */
function pgbouncer(mode: 'session' | 'transaction' | 'statement'): Fault {
  return {
    kind: `PgBouncer, ${mode}`,
    effect: 'none',
    missing: () => {
      try {
        execFileSync('pgbouncer', ['--version'], { stdio: 'pipe', env: { PATH: `${process.env['PATH']}:/usr/sbin` } });
        return undefined;
      } catch {
        return 'pgbouncer is not installed';
      }
    },
    alone: true,
    prepare: async (scene) => {
      const { url, end } = await startPgBouncer(mode, scene);
      const way: Way =
        mode === 'statement'
          ? { url, through: 'nothing', mustSay: 'CONNECTION_FAILED' }
          : { url, through: 'proxy', mustSay: 'done' };
      return { way: () => way, end };
    },
  };
}

export const poolers: readonly Fault[] = [pgbouncer('session'), pgbouncer('transaction'), pgbouncer('statement')];

async function startPgBouncer(
  mode: string,
  { place, database }: Scene,
): Promise<{ readonly url: string; end(): Promise<void> }> {
  const dir = join(place.server.home, `pgbouncer-${database}`);
  mkdirSync(dir);
  const target = new URL(databaseUrl(place.server, database));
  const port = await freePort();
  writeFileSync(join(dir, 'users'), `"${role}" "${marker}"\n`);
  writeFileSync(
    join(dir, 'pgbouncer.ini'),
    `[databases]\n${database} = host=${target.hostname} port=${target.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}
auth_type = plain\nauth_file = ${join(dir, 'users')}\nunix_socket_dir =\npool_mode = ${mode}\ndefault_pool_size = 20
ignore_startup_parameters = extra_float_digits,options\nserver_login_retry = 1\n`,
  );
  const user = await unprivileged();
  if (user) chownSync(dir, user.uid, user.gid);
  const child = spawn('pgbouncer', ['-q', join(dir, 'pgbouncer.ini')], {
    stdio: 'ignore',
    env: { PATH: `${process.env['PATH']}:/usr/sbin` },
    ...user,
  });
  const url = asRole(`postgres://postgres@127.0.0.1:${port}/${database}`);
  await until('PgBouncer answers', () => ask(url, 'SELECT 1').then(() => true));
  const end = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { url, end };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
