import { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { message, statusIn } from './messages.js';
import type { TransactionStatus } from './messages.js';

/** Has the server carry out messages of the frontend/backend protocol, and gives its answers. */
export type Exchange = (messages: Uint8Array) => Promise<Uint8Array>;

type Done = (error?: Error | null) => void;

/**
 * What `pg` takes for its socket, with a server at the other end that is in this process. `pg` writes all messages of one query in one go,
 * and so they arrive there.
 */
export class Wire extends Duplex {
  readonly pid = process.pid;
  #last: Promise<unknown> = Promise.resolve();
  #status: TransactionStatus = 'I';

  constructor(private readonly exchange: Exchange) {
    super();
  }

  /** As the server has said last. */
  get isInTransaction(): boolean {
    return this.#status !== 'I';
  }

  connect(): this {
    setImmediate(() => this.emit('connect'));
    return this;
  }

  /** Messages that are no answer. */
  deliver(messages: Uint8Array): void {
    if (!this.destroyed) this.push(messages);
  }

  fail(error: Error): void {
    this.destroy(error);
  }

  /** Resolves when all queries that were sent or queued are answered. */
  async idle(): Promise<void> {
    let last;
    do {
      last = this.#last;
      await last;
      await new Promise(setImmediate);
    } while (last !== this.#last);
  }

  override _write(message: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#send(message, done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _read(): void {
    // What the server answers is pushed when it is there.
  }

  override _final(done: Done): void {
    this.push(null);
    done();
  }

  /** A connection of its own kind has none of what these would set. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #send(messages: Uint8Array, done: Done): void {
    const sent = this.#carryOut(messages);
    this.#last = sent.catch(() => undefined);
    callbackify(() => sent)(done);
  }

  async #carryOut(messages: Uint8Array): Promise<void> {
    const answers = await this.#answersTo(messages);
    this.#status = statusIn(answers) ?? this.#status;
    if (answers.length > 0 && !this.destroyed) this.push(answers);
  }

  async #answersTo(messages: Uint8Array): Promise<Uint8Array> {
    if (isStartup(messages)) return welcome;
    return messages[0] === terminate ? nothing : this.exchange(messages);
  }
}

/** The configuration of a client of `pg` that talks through it, whatever the client is told of another server. */
export function configThrough(wire: Wire): object {
  const address = {
    connectionString: undefined,
    host: 'localhost',
    port: 5432,
    database: 'postgres',
    user: 'postgres',
  };
  return { ...address, password: undefined, connectionTimeoutMillis: 0, ssl: false, stream: wire };
}

const nothing = new Uint8Array();
const terminate = 0x58;

/** The one message without a letter in front: its length comes first, and it is short. */
function isStartup(messages: Uint8Array): boolean {
  return messages[0] === 0;
}

/** AuthenticationOk and ReadyForQuery: the database belongs to this process. */
const welcome = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')]);
