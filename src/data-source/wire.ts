import { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { CopyIn, withoutGoOn } from './copy-in.js';
import { message, statusIn } from './messages.js';
import type { TransactionStatus } from './messages.js';

/** Sends messages of the frontend/backend protocol to the server and returns its answers. */
export type Exchange = (messages: Uint8Array) => Promise<Uint8Array>;

type Done = (error?: Error | null) => void;

/**
 * The socket that `pg` gets, with a server in this process at the other end. `pg` writes all messages of one query at once, so they arrive
 * together.
 */
export class Wire extends Duplex {
  readonly pid = process.pid;
  #last: Promise<unknown> = Promise.resolve();
  #status: TransactionStatus = 'I';
  readonly #copy = new CopyIn();

  constructor(private readonly exchange: Exchange) {
    super();
  }

  /** The status that the server reported last. */
  get isInTransaction(): boolean {
    return this.#status !== 'I';
  }

  connect(): this {
    setImmediate(() => this.emit('connect'));
    return this;
  }

  /** Delivers messages that are not answers. */
  deliver(messages: Uint8Array): void {
    if (!this.destroyed) this.push(messages);
  }

  fail(error: Error): void {
    this.destroy(error);
  }

  /** Resolves when all sent and queued queries have been answered. */
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
    // Answers are pushed when they arrive.
  }

  override _final(done: Done): void {
    this.push(null);
    done();
  }

  /** This connection has none of the options that these methods would set. */
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
    if (messages[0] === terminate) return nothing;
    const step = this.#copy.take(messages);
    if ('answer' in step) return step.answer;
    const answers = await this.exchange(step.send);
    return step.repeats === undefined ? answers : withoutGoOn(answers);
  }
}

/** The configuration of a `pg` client that uses this wire, whatever other server its options name. */
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

/** The startup message is the only one without a letter: its length comes first, and it is short. */
function isStartup(messages: Uint8Array): boolean {
  return messages[0] === 0;
}

/** AuthenticationOk and ReadyForQuery: the database belongs to this process. */
const welcome = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')]);
