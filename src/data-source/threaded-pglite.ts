import type { Worker } from 'node:worker_threads';
import { MigrateError } from '../errors.js';

interface Asked {
  readonly answer: (value: never) => void;
  readonly fail: (error: unknown) => void;
}

/** The orders that every thread with a database understands. One may understand more. */
export type Order =
  { readonly kind: 'open' } | { readonly kind: 'send'; readonly messages: Uint8Array } | { readonly kind: 'close' };

/** An answer has the id of its order. */
export type Answer<T> = { readonly id: number; readonly value: T } | { readonly id: number; readonly error: unknown };

const longestEndMs = 2000;

/** A PostgreSQL in another thread with the interface of one in this thread. */
export class ThreadedPGlite {
  readonly waitReady = Promise.resolve();
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #gone: Error | undefined;

  constructor(private readonly worker: Worker) {
    // The process stays alive only while a query is running.
    worker.unref();
    worker.on('message', (answer: Answer<never>) => this.#take(answer));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(ended()));
  }

  /** Resolves with itself when the database is open. */
  async opened(): Promise<this> {
    try {
      await this.ask({ kind: 'open' });
      return this;
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  send(messages: Uint8Array): Promise<Uint8Array> {
    return this.ask<Uint8Array>({ kind: 'send', messages } satisfies Order);
  }

  /** Writes everything to its disk. */
  async close(): Promise<void> {
    try {
      await this.ask({ kind: 'close' });
    } finally {
      await this.end();
    }
  }

  /** Ends the thread, whatever it is doing. Nothing has to be written to disk. */
  async end(): Promise<void> {
    // If the thread ends by itself at this moment, Node does not always keep waiting, and the process would end during the await.
    let timer: NodeJS.Timeout | undefined;
    const longEnough = new Promise<void>((resolve) => (timer = setTimeout(resolve, longestEndMs)));
    await Promise.race([this.worker.terminate(), longEnough]);
    clearTimeout(timer);
  }

  protected ask<T = void>(order: object): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = this.#count++;
    return new Promise<T>((answer, fail) => {
      this.#asked.set(id, { answer, fail });
      this.worker.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the other thread is not a window.
      this.worker.postMessage({ id, order });
    });
  }

  #take(answer: Answer<never>): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) this.worker.unref();
    if ('value' in answer) asked?.answer(answer.value);
    else asked?.fail(answer.error);
  }

  #fail(error: Error): void {
    this.#gone ??= error;
    for (const { fail } of this.#asked.values()) fail(this.#gone);
    this.#asked.clear();
  }
}

function ended(): MigrateError {
  return new MigrateError({
    code: 'INTERNAL',
    message: 'The thread that runs PostgreSQL ended before its work was done.',
    next: 'Try once more.',
  });
}
