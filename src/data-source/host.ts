import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { isMigrateError, messageOf } from '../errors.js';
import { Incoming, message } from './messages.js';
import type { Message } from './messages.js';
import { Moved } from './sessions.js';
import type { SessionClient, Sessions } from './sessions.js';
import { listenFor } from './socket-address.js';

/**
 * The messages between the process that has a database open and another process. They are framed like messages of the PostgreSQL protocol.
 */
export const letters = {
  /** From the other process: its pid, and messages for the database. */
  hello: 'H',
  messages: 'M',
  /** Answered at once, whatever the database is doing, to show that the process is alive. */
  ping: 'P',
  /** Answers from this process. The two kinds say whether the client has state in its session. */
  welcome: 'W',
  answers: 'A',
  answersWithState: 'B',
  failure: 'E',
  /** A notification on a channel that the client listens to. */
  notice: 'N',
  /** The database is being closed. Messages without an answer have not been executed. */
  farewell: 'F',
} as const;

/** Both sides must have the same version. */
export const version = 1;

/** How long this process waits for a transaction of another process before it ends. */
const longestTransactionMs = 5000;

/** How long another process may take to receive the farewell. */
const longestPartingMs = 200;

/** Lets other processes use the database that this one has open. */
export interface Host {
  readonly address: string | undefined;
  /** Tells the other processes that the database is being closed, and how each of them can continue. */
  close(): Promise<void>;
}

export async function host(dir: string, sessions: Sessions): Promise<Host> {
  const guests = new Set<Guest>();
  const server: Server = createServer((socket) => {
    const guest = new Guest(socket, sessions, () => guests.delete(guest));
    guests.add(guest);
  });
  server.on('error', () => undefined);
  const address = await listenFor(dir, server);
  // This process does not stay alive for others.
  server.unref();
  return {
    address,
    close: async () => {
      if (server.listening) server.close();
      await sessions.stop(longestTransactionMs);
      await Promise.all([...guests].map((guest) => guest.dismiss()));
    },
  };
}

/** A client in another process. */
class Guest implements SessionClient {
  pid = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly socket: Socket,
    private readonly sessions: Sessions,
    private readonly onGone: () => void,
  ) {
    const incoming = new Incoming();
    socket.unref();
    socket.on('data', (piece) => {
      for (const one of incoming.take(piece)) this.#take(one);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => void this.#leave());
  }

  deliver(messages: Uint8Array): void {
    this.#say(letters.notice, messages);
  }

  async dismiss(): Promise<void> {
    const restore = await this.sessions.moving(this).catch(() => undefined);
    await new Promise<void>((resolve) => {
      // The timer keeps this process alive in the meantime.
      const timeout = setTimeout(resolve, longestPartingMs);
      this.socket.once('close', () => {
        clearTimeout(timeout);
        resolve();
      });
      this.#say(letters.farewell, JSON.stringify({ restore: restore?.map((one) => one.toString('base64')) }));
      this.socket.end();
    });
    this.socket.destroy();
  }

  async #leave(): Promise<void> {
    this.onGone();
    await this.sessions.remove(this).catch(() => undefined);
  }

  #take({ kind, body }: Message): void {
    if (kind === letters.ping) return this.#say(letters.ping, '');
    if (kind === letters.messages) this.#last = this.#last.then(() => this.#answer(body));
    if (kind !== letters.hello) return;
    const hello = JSON.parse(Buffer.from(body).toString()) as { readonly pid: number; readonly version: number };
    this.pid = hello.pid;
    this.#say(letters.welcome, JSON.stringify({ version }));
  }

  async #answer(messages: Uint8Array): Promise<void> {
    try {
      const answers = await this.sessions.send(this, messages);
      this.#say(this.sessions.hasNothing(this) ? letters.answers : letters.answersWithState, answers);
    } catch (error) {
      // The messages have not been executed. They are sent again after the farewell.
      if (error instanceof Moved) return;
      const { code, next } = isMigrateError(error) ? error : {};
      this.#say(letters.failure, JSON.stringify({ code, message: messageOf(error), next }));
    }
  }

  #say(kind: string, body: Uint8Array | string): void {
    if (this.socket.writable) this.socket.write(message(kind, body));
  }
}
