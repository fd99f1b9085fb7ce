import type { Worker } from 'node:worker_threads';
import type { PGlite } from '../data-source/pglite.js';
import { MigrateError } from '../errors.js';
import type { Catalog, ReadOptions } from '../schema/read.js';
import type { Answer, Answers, Order } from './thread.js';

interface Asked {
  readonly answer: (value: never) => void;
  readonly fail: (error: unknown) => void;
}

/** PostgreSQL in another thread, which answers as if it were in this one. */
export class ThreadedPGlite implements PGlite {
  readonly waitReady = Promise.resolve();
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #gone: Error | undefined;

  constructor(private readonly worker: Worker) {
    worker.on('message', (answer: Answer) => this.#take(answer));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(ended()));
  }

  /** Itself, when it is open. */
  async opened(): Promise<this> {
    await this.#ask({ kind: 'open' });
    return this;
  }

  execProtocolRaw(messages: Uint8Array): Promise<Uint8Array> {
    return this.#ask({ kind: 'send', messages });
  }

  /** In its own thread: this one only gets what was found. */
  readCatalog(options: ReadOptions): Promise<Catalog> {
    return this.#ask({ kind: 'read', options });
  }

  async exec(sql: string): Promise<void> {
    await this.#ask({ kind: 'exec', sql });
  }

  /** It is thrown away: nothing has to be written to its disk. */
  async close(): Promise<void> {
    await this.worker.terminate();
  }

  #ask<Kind extends Order['kind']>(order: Order & { readonly kind: Kind }): Promise<Answers[Kind]> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = this.#count++;
    return new Promise((answer, fail) => {
      this.#asked.set(id, { answer, fail });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the other thread is no window.
      this.worker.postMessage({ id, order });
    });
  }

  #take(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if ('value' in answer) asked?.answer(answer.value as never);
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
    message: 'The thread with the throwaway database has ended before its work was done.',
    next: 'Nothing was written. Try once more.',
  });
}
