import { rename, rm } from 'node:fs/promises';
import { holdsDatabase } from './database-image.js';
import { MigrateError } from '../errors.js';
import { takeLockFile } from './lock-file.js';
import type { PGlite } from './pglite.js';
import { statusIn } from './wire.js';

interface Opened {
  readonly lite: PGlite;
  readonly release: () => void;
}

interface Waiting {
  readonly client: object;
  readonly proceed: () => void;
}

/** After the last client is gone, the next one often follows at once: closing and opening again would cost a quarter of a second. */
const lingerMs = 200;
/** How long a client waits for the transaction of another one. */
const turnTimeoutMs = 30_000;

/**
 * The one open database of a folder in this process, for all clients of all data sources. It has a single session, so the clients
 * take turns: a client keeps the session until the server reports that it is idle again, which is after a query or a transaction.
 */
export class EmbeddedServer {
  readonly #pools = new Set<object>();
  readonly #clients = new Set<object>();
  readonly #queue: Waiting[] = [];
  #owner: object | undefined;
  #opened: Promise<Opened> | undefined;
  #closed: Promise<void> = Promise.resolve();
  #lingering: NodeJS.Timeout | undefined;

  constructor(
    private readonly dir: string,
    private readonly openDatabase: () => Promise<PGlite>,
  ) {}

  async connect(client: object): Promise<void> {
    this.#clients.add(client);
    try {
      await this.#open();
    } catch (error) {
      this.#clients.delete(client);
      throw error;
    }
  }

  async disconnect(client: object): Promise<void> {
    if (!this.#clients.has(client)) return;
    try {
      await this.#forget(client);
    } finally {
      this.#clients.delete(client);
      if (!this.#isUsed()) this.#lingering = setTimeout(() => void this.close(), lingerMs);
    }
  }

  /** As long as a pool is there, the database stays open, though the pool may have closed its idle clients. */
  keepOpenFor(pool: object): void {
    this.#pools.add(pool);
  }

  async release(pool: object): Promise<void> {
    this.#pools.delete(pool);
    if (!this.#isUsed()) await this.close();
  }

  async send(client: object, messages: Uint8Array): Promise<Uint8Array> {
    await this.#turnOf(client);
    try {
      const { lite } = await this.#open();
      const answers = await lite.execProtocolRaw(messages);
      if (statusIn(answers) === 'I') this.#pass(client);
      return answers;
    } catch (error) {
      this.#pass(client);
      throw error;
    }
  }

  /** Writes everything to disk and lets go of the folder. */
  async close(): Promise<void> {
    clearTimeout(this.#lingering);
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened !== undefined) this.#closed = opened.then(shut, () => undefined);
    await this.#closed;
    // Its transaction is gone with the session.
    if (this.#owner !== undefined) this.#pass(this.#owner);
  }

  /** Removes the folder, which is moved away first: a crash must not leave half of a database in its place. */
  async remove(): Promise<'dropped' | 'absent'> {
    await this.close();
    const release = await this.#takeFolder();
    try {
      if (!holdsDatabase(this.dir)) return 'absent';
      const away = `${this.dir}.dropped`;
      await rm(away, { recursive: true, force: true });
      await rename(this.dir, away);
      await rm(away, { recursive: true, force: true });
      return 'dropped';
    } finally {
      release();
    }
  }

  #takeFolder(): Promise<() => void> {
    return takeLockFile(`${this.dir}.lock`, `The embedded database in ${this.dir}`);
  }

  #isUsed(): boolean {
    return this.#clients.size > 0 || this.#pools.size > 0;
  }

  async #open(): Promise<Opened> {
    clearTimeout(this.#lingering);
    const opened = (this.#opened ??= this.#start());
    try {
      return await opened;
    } catch (error) {
      if (this.#opened === opened) this.#opened = undefined;
      throw error;
    }
  }

  async #start(): Promise<Opened> {
    await this.#closed;
    const release = await this.#takeFolder();
    try {
      return { lite: await this.openDatabase(), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** A server rolls back what a client leaves open. What it has set can be undone only when no other client shares the session. */
  async #forget(client: object): Promise<void> {
    const opened = await this.#opened;
    try {
      if (this.#owner === client) await opened?.lite.exec('ROLLBACK');
      if (this.#clients.size === 1) await opened?.lite.exec('DISCARD ALL');
    } finally {
      this.#pass(client);
    }
  }

  async #turnOf(client: object): Promise<void> {
    this.#owner ??= client;
    if (this.#owner === client) return;
    await new Promise<void>((resolve, reject) => {
      const waiting = {
        client,
        proceed: () => {
          clearTimeout(timeout);
          resolve();
        },
      };
      const timeout = setTimeout(() => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(busy());
      }, turnTimeoutMs);
      this.#queue.push(waiting);
    });
  }

  #pass(client: object): void {
    if (this.#owner !== client) return;
    const next = this.#queue.shift();
    this.#owner = next?.client;
    next?.proceed();
  }
}

async function shut({ lite, release }: Opened): Promise<void> {
  try {
    await lite.close();
  } catch {
    // A database that has crashed cannot be closed; the next one who opens it recovers it.
  } finally {
    release();
  }
}

function busy(): MigrateError {
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `The embedded database has one session only, and a transaction of another connection has held it for ${turnTimeoutMs / 1000} s.`,
    next: 'Inside a transaction, use its own entity manager for every query. Or use a real server: DATABASE_URL in .env.',
  });
}
