import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { marker, role } from './project.js';

export interface Server {
  readonly url: string;
  readonly home: string;
  /** Ends it as a crash does. */
  crash(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface ServerOptions {
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Certificates for a server on 127.0.0.1, and of an authority that has signed nothing of it. */
interface Certificates {
  readonly authority: string;
  readonly stranger: string;
  readonly files: Readonly<Record<string, string>>;
}

/** The servers of one run, each of which may be lost in a round. */
export class Place {
  private current: Server | undefined;
  private standby: Server | undefined;
  readonly dir = mkdtempSync(join(tmpdir(), 'nest-migrate-fire-'));
  readonly certificates = certify(this.dir);

  get server(): Server {
    if (this.current === undefined) throw new Error('There is no server yet.');
    return this.current;
  }

  async begin(): Promise<void> {
    if (this.current) return;
    const tls = this.certificates;
    this.current = await startServer({
      // What no COMMIT has waited for stays in memory for so long: then a crash shows it.
      settings: { max_connections: 120, wal_keep_size: 512, wal_writer_delay: '10s', ...(tls && { ssl: 'on' }) },
      files: tls?.files ?? {},
    });
    await ask(this.server.url, `CREATE ROLE ${role} LOGIN PASSWORD '${marker}'`);
  }

  /** A second server that follows the first, which waits for it at each COMMIT from now on. */
  async follow(): Promise<Server> {
    const { hostname, port } = new URL(this.server.url);
    const primary = `host=${hostname} port=${port} user=postgres application_name=standby`;
    this.standby = await startServer({
      settings: { primary_conninfo: primary, max_connections: 120 },
      files: { 'standby.signal': '' },
    });
    await until('the standby follows', async () => {
      const [row] = await ask(
        this.server.url,
        `SELECT count(*)::int AS n FROM pg_stat_replication WHERE state = 'streaming'`,
      );
      return row?.['n'] === 1;
    });
    await ask(this.server.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await ask(this.server.url, 'SELECT pg_reload_conf()');
    await sleep(100);
    return this.standby;
  }

  /** The standby becomes the server, and the other one is gone. */
  async promote(): Promise<void> {
    const { standby, current } = this;
    if (standby === undefined || current === undefined) throw new Error('There is no standby.');
    await ask(standby.url, 'SELECT pg_promote(true, 60)');
    this.current = standby;
    this.standby = undefined;
    await current.stop();
  }

  async end(): Promise<void> {
    for (const server of [this.standby, this.current]) await server?.stop();
    this.standby = this.current = undefined;
  }

  /** As `end`, for good. */
  async remove(): Promise<void> {
    await this.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A question on a connection of its own. */
export async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'oracle' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function until(what: string, holds: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
  for (const deadline = performance.now() + limitMs; performance.now() < deadline; await sleep(50))
    if (await holds().catch(() => false)) return;
  throw new Error(`It was waited for in vain: ${what}.`);
}

export function databaseUrl(server: Server, database: string): string {
  return server.url.replace(/\/postgres$/, `/${database}`);
}

export function asRole(url: string): string {
  return url.replace(/\/\/\w+@/, `//${role}:${marker}@`);
}

/** PostgreSQL and PgBouncer refuse to run as root: as whom they run then. */
export async function unprivileged(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  const support = (await import(resolve('test/support/binaries.mjs'))) as {
    unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined;
  };
  return support.unprivilegedUser();
}

async function startServer(options: ServerOptions): Promise<Server> {
  const support = (await import(resolve('test/support/server.mjs'))) as {
    startServer(options: ServerOptions): Promise<Server>;
  };
  return support.startServer(options);
}

/** Undefined where there is no openssl. */
function certify(dir: string): Certificates | undefined {
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', [...args], { cwd: dir, stdio: 'pipe' });
  const authority = (name: string): string => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
    );
    return join(dir, `${name}.crt`);
  };
  try {
    const [own, stranger] = [authority('authority'), authority('stranger')];
    writeFileSync(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1\n');
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'server.key',
      '-out',
      'server.csr',
      '-subj',
      '/CN=127.0.0.1',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'authority.crt',
      '-CAkey',
      'authority.key',
      '-CAcreateserial',
      '-out',
      'server.crt',
      '-days',
      '30',
      '-extfile',
      'names',
    );
    const files = Object.fromEntries(
      ['server.key', 'server.crt'].map((name) => [name, readFileSync(join(dir, name), 'utf8')]),
    );
    return { authority: own, stranger, files };
  } catch {
    return undefined;
  }
}
