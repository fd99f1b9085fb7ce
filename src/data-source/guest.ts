import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { MigrateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { letters, version } from './host.js';
import { Incoming, message, statusIn } from './messages.js';
import type { Message } from './messages.js';
import { Moved } from './sessions.js';

/** Receives what the host sends without being asked. */
export interface Listener {
  deliver(messages: Uint8Array): void;
  /**
   * Called when the connection is gone. `restore` is undefined if the session is lost, so that the client cannot continue on another
   * connection.
   */
  onGone(restore: readonly Buffer[] | undefined, error: Error): void;
}

interface Asked {
  readonly answer: (answers: Uint8Array) => void;
  readonly fail: (error: unknown) => void;
}

/** The time within which a process must answer a ping. A process that is stopped in a debugger does not. */
const silentAfterMs = 10_000;
/** A query may take long, but the host answers pings in the meantime. */
const pingEveryMs = 4_000;

/** The connection of one client to a database that another process has open. */
export class Guest {
  #asked: Asked | undefined;
  #isInTransaction = false;
  #hasState = false;
  #restore: readonly Buffer[] | undefined;
  #isDismissed = false;
  #isClosed = false;
  #isWelcome = false;
  #heard = 0;
  #pinging: NodeJS.Timeout | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly host: number,
    private readonly dir: string,
    private readonly listener: Listener,
  ) {
    const incoming = new Incoming();
    socket.on('data', (piece) => {
      for (const one of incoming.take(piece)) this.#take(one);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#gone());
  }

  /** Undefined if nothing listens at this address: the process is about to close the database, or has ended. */
  static async open(address: string, host: number, dir: string, listener: Listener): Promise<Guest | undefined> {
    const socket = connect(address);
    try {
      await once(socket, 'connect');
    } catch {
      return undefined;
    }
    const guest = new Guest(socket, host, dir, listener);
    const welcome = guest.#ask(letters.hello, JSON.stringify({ pid: process.pid, version }));
    const timer = setTimeout(() => guest.#asked?.fail(silent(host, dir)), silentAfterMs);
    try {
      const its = JSON.parse(Buffer.from(await welcome).toString()) as { readonly version: number };
      guest.#isWelcome = true;
      if (its.version === version) return guest;
      throw otherVersion(host, dir);
    } catch (error) {
      guest.close();
      if (error instanceof MigrateError) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Messages are sent only between exchanges; the client queues them. */
  async send(messages: Uint8Array): Promise<Uint8Array> {
    if (this.#isClosed || this.#isDismissed) throw new Moved();
    const answers = await this.#ask(letters.messages, messages);
    this.#isInTransaction = (statusIn(answers) ?? 'T') !== 'I';
    return answers;
  }

  close(): void {
    this.#isClosed = true;
    this.socket.end();
    this.socket.unref();
  }

  #ask(kind: string, body: Uint8Array | string): Promise<Uint8Array> {
    return new Promise<Uint8Array>((answer, fail) => {
      this.#asked = { answer, fail };
      // The process stays alive only while a query is running.
      this.socket.ref();
      this.socket.write(message(kind, body));
      this.#heard = performance.now();
      this.#pinging = setInterval(() => this.#ping(), pingEveryMs);
    }).finally(() => {
      clearInterval(this.#pinging);
      this.#asked = undefined;
      this.socket.unref();
    });
  }

  #ping(): void {
    if (performance.now() - this.#heard < silentAfterMs) this.socket.write(message(letters.ping, ''));
    else {
      this.#asked?.fail(silence(this.host, this.dir));
      this.socket.destroy();
    }
  }

  #take({ kind, body }: Message): void {
    this.#heard = performance.now();
    switch (kind) {
      case letters.welcome:
      case letters.answers:
      case letters.answersWithState:
        this.#hasState = kind === letters.answersWithState;
        return this.#asked?.answer(body);
      case letters.failure:
        return this.#asked?.fail(failure(body));
      case letters.notice:
        return this.listener.deliver(body);
      case letters.farewell: {
        this.#isDismissed = true;
        const { restore } = JSON.parse(Buffer.from(body).toString()) as { readonly restore?: readonly string[] };
        this.#restore = restore?.map((one) => Buffer.from(one, 'base64'));
        return this.#gone();
      }
      default:
        return undefined;
    }
  }

  #gone(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.socket.unref();
    const error = lost(this.host, this.dir);
    const asked = this.#asked;
    if (!this.#isWelcome) return asked?.fail(new Moved());
    // If no answer is awaited and the session has no state, nothing is lost.
    const isIdle = asked === undefined && !this.#isInTransaction && !this.#hasState;
    const restore = this.#isDismissed ? this.#restore : isIdle ? [] : undefined;
    asked?.fail(restore === undefined ? error : new Moved());
    this.listener.onGone(restore, error);
  }
}

function failure(body: Uint8Array): Error {
  const { code, message: text, next } = JSON.parse(Buffer.from(body).toString()) as Readonly<Record<string, string>>;
  if (code === undefined || next === undefined) return new Error(text);
  return new MigrateError({ code: code as ErrorCode, message: text ?? '', next });
}

/** The code is that of a closed socket, which `pg`, TypeORM and the commands recognise. */
function lost(host: number, dir: string): Error {
  const message = `Process ${host}, through which this connection used the embedded database in ${dir}, has ended. A transaction that was open is rolled back; the outcome of a COMMIT that was not answered is unknown. The next connection opens the database again`;
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** The host may still execute the last query when it continues, so the outcome is unknown. */
function silence(host: number, dir: string): Error {
  const message = `Process ${host}, through which this connection used the embedded database in ${dir}, has not answered for ${silentAfterMs / 1000} s: it may be stopped in a debugger, or very busy. When it continues, it may still execute the last query, and then rolls back everything that was not committed`;
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

function silent(host: number, dir: string): MigrateError {
  return new MigrateError({
    code: 'EMBEDDED_IN_USE',
    message: `Process ${host} has the embedded database in ${dir} open, and did not answer for ${silentAfterMs / 1000} s: it may be stopped in a debugger, or very busy. Nothing was changed.`,
    next: `Let process ${host} continue, or stop it, then try again. Or use a real server: DATABASE_URL in .env.`,
  });
}

function otherVersion(host: number, dir: string): MigrateError {
  return new MigrateError({
    code: 'EMBEDDED_IN_USE',
    message: `Process ${host} has the embedded database in ${dir} open with another version of nest-migrate, which cannot share it with this one. Nothing was changed.`,
    next: `Stop process ${host} and start it again with the version that is installed now.`,
  });
}
