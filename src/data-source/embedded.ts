import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { codeOf, MigrateError } from '../errors.js';
import { embeddedBrand } from './embedded-brand.js';
import { takeLockFile } from './lock-file.js';

/** The parts of PGlite that are used; the package is optional, so its types are not imported. */
interface PGlite {
  readonly waitReady: Promise<void>;
  execProtocolStream(message: Uint8Array, options?: object): Promise<unknown>;
  exec(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

/** One open database of this process; all clients of all data sources share its only session. */
interface Opened {
  readonly lite: Promise<PGlite>;
  readonly release: () => void;
  /** The client that has begun the transaction which is open now. */
  owner: unknown;
}

const version = '0.5.16';

// Shared between the ESM and the CommonJS copy of this package.
const registry = ((globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.embedded.opened')] ??= new Map()) as Map<string, Opened>;

/**
 * A driver for TypeORM's `driver` option: `pg`, with the server inside this process. Nothing of it is loaded before the first connection.
 */
export function embeddedDriver(folder: string): object {
  const dir = resolve(folder);
  class Client extends pg.Client {
    constructor() {
      super(load('@electric-sql/pglite/node-postgres').createPgConfig(lazily(dir)) as pg.ClientConfig);
      const { connection } = this as unknown as { readonly connection: NodeJS.EventEmitter };
      connection.on('readyForQuery', (message?: { readonly status?: string }) => this.noteTransaction(message?.status));
    }

    private noteTransaction(status: string | undefined): void {
      const opened = registry.get(dir);
      if (opened === undefined || status === undefined) return;
      if (status === 'I') opened.owner = undefined;
      else opened.owner ??= this;
    }

    /** A server would roll back what a client leaves open. */
    override end(done?: (error: Error) => void): Promise<void> {
      return calledBack(done, async () => {
        const opened = registry.get(dir);
        if (opened?.owner === this) {
          opened.owner = undefined;
          await (await opened.lite).exec('ROLLBACK');
        }
        await super.end();
      });
    }
  }
  class Pool extends pg.Pool {
    constructor(options: pg.PoolConfig) {
      super({ ...options, max: 1, Client } as pg.PoolConfig);
    }

    override end(done?: (error: Error) => void): Promise<void> {
      return calledBack(done, async () => {
        await super.end();
        await closeEmbedded(dir);
      });
    }
  }
  return Object.assign(Object.create(pg), { Client, Pool, [embeddedBrand]: dir });
}

/** `pg` and TypeORM call back, everybody else awaits. */
async function calledBack(done: ((error: Error) => void) | undefined, work: () => Promise<void>): Promise<void> {
  if (done === undefined) return work();
  await work().then(done as () => void, done);
}

/** Writes everything to disk and lets go of the folder. */
export async function closeEmbedded(dir?: string): Promise<void> {
  for (const [folder, opened] of registry) {
    if (dir !== undefined && folder !== dir) continue;
    registry.delete(folder);
    try {
      await (await opened.lite).close();
    } catch {
      // It was never open.
    } finally {
      opened.release();
    }
  }
}

function lazily(dir: string): Pick<PGlite, 'waitReady' | 'execProtocolStream'> {
  return {
    get waitReady() {
      return open(dir).then((lite) => lite.waitReady);
    },
    execProtocolStream: async (message, options) => (await open(dir)).execProtocolStream(message, options),
  };
}

function open(dir: string): Promise<PGlite> {
  const known = registry.get(dir);
  if (known) return known.lite;
  if (process.env['NODE_ENV'] === 'production') return Promise.reject(inProduction());
  let release: () => void;
  try {
    release = takeLockFile(`${dir}.lock`, `The embedded database in ${dir}`);
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const lite = start(dir);
  registry.set(dir, { lite, release, owner: undefined });
  lite.catch(() => {
    registry.delete(dir);
    release();
  });
  return lite;
}

async function start(dir: string): Promise<PGlite> {
  const { PGlite: Database } = load('@electric-sql/pglite');
  if (!existsSync(join(dir, 'PG_VERSION'))) await copyImage(dir);
  const lite = new Database(dir);
  await lite.waitReady;
  return lite;
}

/** Creating a database from nothing takes seconds, copying one does not. The image may be deleted at any time. */
async function copyImage(dir: string): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  await writeFile(join(dirname(dir), '.gitignore'), '*\n');
  const image = join(cacheDir(), `pglite-${version}`);
  if (!existsSync(join(image, 'PG_VERSION'))) await makeImage(image);
  const draft = await mkdtemp(`${dir}-`);
  await cp(image, draft, { recursive: true });
  await rm(dir, { recursive: true, force: true });
  await rename(draft, dir);
}

async function makeImage(image: string): Promise<void> {
  const { PGlite: Database } = load('@electric-sql/pglite');
  await mkdir(dirname(image), { recursive: true });
  const draft = await mkdtemp(`${image}-`);
  const lite = new Database(draft);
  await lite.waitReady;
  await lite.close();
  try {
    await rename(draft, image);
  } catch {
    // Another process was faster; its image is as good.
    await rm(draft, { recursive: true, force: true });
  }
}

function cacheDir(): string {
  return existsSync('node_modules') ? resolve('node_modules/.cache/nest-migrate') : join(tmpdir(), 'nest-migrate');
}

function load(name: '@electric-sql/pglite'): { readonly PGlite: new (dir: string) => PGlite };
function load(name: '@electric-sql/pglite/node-postgres'): { createPgConfig(lite: object): object };
function load(name: string): unknown {
  if (process.env['NODE_ENV'] === 'production') throw inProduction();
  try {
    return createRequire(join(process.cwd(), 'package.json'))(name) as unknown;
  } catch (error) {
    if (codeOf(error) !== 'MODULE_NOT_FOUND') throw error;
    throw new MigrateError({
      code: 'PACKAGE_MISSING',
      message: 'No DATABASE_URL (and no PGHOST) is set, and the embedded database that is used then is not installed.',
      next: `Set DATABASE_URL in .env, or install the embedded database: npm i -D @electric-sql/pglite@${version}`,
      cause: error,
    });
  }
}

function inProduction(): MigrateError {
  return new MigrateError({
    code: 'EMBEDDED_IN_PRODUCTION',
    message: 'No DATABASE_URL (and no PGHOST) is set, and with NODE_ENV=production the embedded database is not used.',
    next: 'Set DATABASE_URL, for example postgres://user:password@host:5432/database',
  });
}
