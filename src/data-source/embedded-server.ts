import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdsDatabase } from './data-folder.js';
import { messageOf, MigrateError } from '../errors.js';
import { Guest } from './guest.js';
import { host } from './host.js';
import type { Host } from './host.js';
import { inUse, takeLockFile } from './lock-file.js';
import type { LockFile, Owner } from './lock-file.js';
import { simpleQuery } from './messages.js';
import type { PGlite } from './pglite.js';
import { Moved, Sessions } from './sessions.js';
import type { SessionClient } from './sessions.js';

/** The database, opened by this process. */
interface Opened {
  readonly owner: undefined;
  readonly lite: PGlite;
  readonly sessions: Sessions;
  readonly host: Host | undefined;
  readonly lock: LockFile;
}

/** A database that is `extended` is opened with extensions that the project passes as code. */
export type Use = 'shared' | 'extended' | 'throwaway';

/** A client in this process. */
export interface EmbeddedClient extends SessionClient {
  /** Ends the client with an error. */
  fail(error: Error): void;
}

/** After the last client has gone, the next one often follows at once, and closing and opening again would take a quarter of a second. */
const lingerMs = 200;
/** How long a process may take to open the database, or to close it. */
const longestChangeMs = 30_000;
const lookAgainMs = 20;

/**
 * The database in a folder, for all clients of all data sources in this process. It is open either in this process, or in another one
 * through which it is reached. This can change at any time, because the other process may end.
 */
export class EmbeddedServer {
  readonly #pools = new Set<object>();
  readonly #clients = new Set<EmbeddedClient>();
  readonly #guests = new Map<EmbeddedClient, Guest>();
  /** The settings of clients whose session ended when another process closed the database. */
  readonly #restore = new Map<EmbeddedClient, readonly Buffer[]>();
  #opened: Promise<Opened | { readonly owner: Owner }> | undefined;
  #closed: Promise<void> = Promise.resolve();
  #lingering: NodeJS.Timeout | undefined;
  #host: number | undefined;

  constructor(
    private readonly dir: string,
    private readonly openDatabase: () => Promise<PGlite>,
    readonly use: Use,
  ) {}

  /** The process that has the database open, if it is a different one. */
  get hostPid(): number | undefined {
    return this.#host;
  }

  async connect(client: EmbeddedClient): Promise<void> {
    this.#clients.add(client);
    try {
      await this.#placeOf(client);
    } catch (error) {
      this.#clients.delete(client);
      throw error;
    }
  }

  async disconnect(client: EmbeddedClient): Promise<void> {
    if (!this.#clients.has(client)) return;
    try {
      this.#guests.get(client)?.close();
      const opened = await this.#opened?.catch(() => undefined);
      if (opened?.owner === undefined) await opened?.sessions.remove(client);
    } finally {
      this.#clients.delete(client);
      this.#guests.delete(client);
      this.#restore.delete(client);
      if (!this.#isUsed()) this.#lingering = setTimeout(() => void this.close(), lingerMs);
    }
  }

  /** Keeps the database open while a pool exists, even if the pool has closed its idle clients. */
  keepOpenFor(pool: object): void {
    this.#pools.add(pool);
  }

  async release(pool: object): Promise<void> {
    this.#pools.delete(pool);
    if (!this.#isUsed()) await this.close();
  }

  async send(client: EmbeddedClient, messages: Uint8Array): Promise<Uint8Array> {
    for (;;) {
      const place = await this.#placeOf(client);
      try {
        return await (place instanceof Guest ? place.send(messages) : place.send(client, messages));
      } catch (error) {
        if (!(error instanceof Moved)) throw error;
      }
    }
  }

  /** Writes everything to disk and releases the folder. */
  async close(): Promise<void> {
    clearTimeout(this.#lingering);
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened !== undefined) this.#closed = opened.then(shut, () => undefined);
    await this.#closed;
  }

  /** Removes the folder. It is renamed first, so that a crash does not leave half of a database in its place. */
  async remove(): Promise<'dropped' | 'absent'> {
    await this.close();
    const lock = await takeLockFile(this.#lockFile);
    if (lock.owner !== undefined) throw inUse(lock.owner, this.#lockFile, this.#name, 'was not removed');
    try {
      if (!holdsDatabase(this.dir)) return 'absent';
      const away = `${this.dir}.dropped`;
      await rm(away, { recursive: true, force: true });
      await rename(this.dir, away);
      await rm(away, { recursive: true, force: true });
      return 'dropped';
    } finally {
      lock.release();
    }
  }

  #isUsed(): boolean {
    return this.#clients.size > 0 || this.#pools.size > 0;
  }

  /** Returns the session through which this client uses the database. */
  async #placeOf(client: EmbeddedClient): Promise<Guest | Sessions> {
    const deadline = performance.now() + longestChangeMs;
    for (;;) {
      const guest = this.#guests.get(client);
      if (guest !== undefined) return guest;
      const opened = await this.#open();
      if (opened.owner === undefined) return this.#begin(client, opened);
      const entered = opened.owner.address ? await this.#enter(client, opened.owner, opened.owner.address) : undefined;
      if (entered !== undefined) return entered;
      if (this.use === 'throwaway' || !mayShare(opened.owner) || performance.now() > deadline)
        throw inUse(opened.owner, this.#lockFile, this.#name, 'cannot be reached through it');
      await sleep(lookAgainMs);
    }
  }

  async #begin(client: EmbeddedClient, { sessions }: Opened): Promise<Sessions> {
    this.#host = undefined;
    const restore = this.#restore.get(client) ?? [];
    this.#restore.delete(client);
    for (const messages of restore) await sessions.send(client, messages);
    return sessions;
  }

  async #enter(client: EmbeddedClient, owner: Owner, address: string): Promise<Guest | undefined> {
    const guest = await Guest.open(address, owner.pid, this.dir, {
      deliver: (messages) => client.deliver(messages),
      onGone: (restore, error) => {
        // Until its settings have been restored, the earlier ones are kept.
        if (!this.#guests.delete(client)) return;
        if (restore === undefined) client.fail(error);
        else this.#restore.set(client, restore);
      },
    });
    if (guest === undefined) return undefined;
    try {
      for (const messages of this.#restore.get(client) ?? []) await guest.send(messages);
    } catch {
      guest.close();
      return undefined;
    }
    this.#restore.delete(client);
    this.#guests.set(client, guest);
    this.#host = owner.pid;
    return guest;
  }

  async #open(): Promise<Opened | { readonly owner: Owner }> {
    clearTimeout(this.#lingering);
    const opening = (this.#opened ??= this.#start());
    try {
      const opened = await opening;
      // The owner may change, so it is looked up again each time.
      if (opened.owner !== undefined && this.#opened === opening) this.#opened = undefined;
      return opened;
    } catch (error) {
      if (this.#opened === opening) this.#opened = undefined;
      throw error;
    }
  }

  async #start(): Promise<Opened | { readonly owner: Owner }> {
    await this.#closed;
    const lock = await takeLockFile(this.#lockFile).catch((error: unknown) => {
      throw notWritable(this.dir, error);
    });
    if (lock.owner !== undefined) return lock;
    try {
      const lite = await this.openDatabase();
      const carryOut = (messages: Uint8Array): Promise<Uint8Array> => lite.send(messages);
      if (this.use === 'throwaway')
        return { owner: undefined, lite, sessions: new Sessions(carryOut, 'together'), host: undefined, lock };
      const sessions = new Sessions(carryOut);
      // Resets what PGlite itself sets at the start.
      await carryOut(simpleQuery('DISCARD ALL'));
      const hosted = await host(this.dir, sessions);
      lock.announce(hosted.address ?? false);
      return { owner: undefined, lite, sessions, host: hosted, lock };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get #lockFile(): string {
    return `${this.dir}.lock`;
  }

  get #name(): string {
    return `The embedded database in ${this.dir}`;
  }
}

/** An older version does not announce an address for other processes. */
function mayShare({ address }: Owner): boolean {
  return address !== undefined && address !== false;
}

function notWritable(dir: string, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `The embedded database in ${dir} could not be opened, because the file ${dir}.lock could not be written: ${messageOf(cause)}. Nothing was changed.`,
    next: 'Make the folder writable for this user, or choose another one: `embedded` in defineDataSource, or NEST_MIGRATE_EMBEDDED.',
    cause,
  });
}

async function shut(opened: Opened | { readonly owner: Owner }): Promise<void> {
  if (opened.owner !== undefined) return;
  const { lite, host: hosted, lock } = opened;
  try {
    await hosted?.close();
    await lite.close();
  } catch {
    // A crashed database cannot be closed; PostgreSQL recovers it when it is opened again.
  } finally {
    lock.release();
  }
}
