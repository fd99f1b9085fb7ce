/** The transaction status in ReadyForQuery: idle, in a transaction, or in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** A message of the frontend/backend protocol. https://www.postgresql.org/docs/current/protocol-message-formats.html */
export interface Message {
  /** The letter at the start of the message. */
  readonly kind: string;
  readonly body: Uint8Array;
  readonly whole: Uint8Array;
}

/** The letter, and a length that includes itself. */
const headerSize = 5;

/** The complete messages, in order. */
export function* messagesIn(bytes: Uint8Array): Generator<Message> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + headerSize <= bytes.length;) {
    const end = at + 1 + view.getUint32(at + 1);
    if (end > bytes.length) return;
    const kind = String.fromCharCode(bytes[at] ?? 0);
    yield { kind, body: bytes.subarray(at + headerSize, end), whole: bytes.subarray(at, end) };
    at = end;
  }
}

export function message(kind: string, body: Uint8Array | string): Buffer {
  const content = Buffer.from(body);
  const header = Buffer.alloc(headerSize);
  header.write(kind, 0, 'latin1');
  header.writeUInt32BE(content.length + headerSize - 1, 1);
  return Buffer.concat([header, content]);
}

/** A simple query, which may have several statements. */
export function simpleQuery(sql: string): Buffer {
  return message('Q', `${sql}\0`);
}

/** Ends an exchange of the extended protocol. */
export const sync = message('S', '');

/** The body of the first message. */
export function bodyOf(messages: Uint8Array): Uint8Array {
  return messagesIn(messages).next().value?.body ?? new Uint8Array();
}

/** Ends whatever a client has left open: a COPY, an exchange, a transaction. The server ignores the parts that have nothing to end. */
export const abandonment = Buffer.concat([message('f', 'abandoned\0'), sync, simpleQuery('ROLLBACK')]);

/** The transaction status of the last ReadyForQuery among the answers. */
export function statusIn(answers: Uint8Array): TransactionStatus | undefined {
  const view = new DataView(answers.buffer, answers.byteOffset, answers.byteLength);
  let status: TransactionStatus | undefined;
  for (let at = 0; at + headerSize <= answers.length; at += 1 + view.getUint32(at + 1))
    if (answers[at] === readyForQuery) status = String.fromCharCode(answers[at + headerSize] ?? 0) as TransactionStatus;
  return status;
}

const readyForQuery = 0x5a;

/** The values of the only row among the answers, as texts; undefined if there is no row. */
export function rowIn(answers: Uint8Array): readonly (string | null)[] | undefined {
  for (const { kind, body } of messagesIn(answers)) if (kind === 'D') return valuesIn(body);
  return undefined;
}

/** A count, and then each value after its length. -1 stands for NULL. */
function valuesIn(body: Uint8Array): readonly (string | null)[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const values: (string | null)[] = [];
  let at = 2;
  for (let count = bytes.readUInt16BE(0); count > 0; count--) {
    const length = bytes.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : bytes.toString('utf8', at, at + length));
    at += Math.max(length, 0);
  }
  return values;
}

/** The parameter values of a Bind message, which follow the names of the portal and the statement. */
export function parametersIn(bind: Uint8Array): readonly (string | null)[] {
  const bytes = Buffer.from(bind.buffer, bind.byteOffset, bind.byteLength);
  const formats = bytes.indexOf(0, bytes.indexOf(0) + 1) + 1;
  return valuesIn(bytes.subarray(formats + 2 + 2 * bytes.readUInt16BE(formats)));
}

/** Texts terminated by a zero byte, from the beginning of a body. */
export function textsIn(body: Uint8Array, count: number): readonly string[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const texts: string[] = [];
  for (let at = 0; texts.length < count;) {
    const end = bytes.indexOf(0, at);
    texts.push(bytes.toString('utf8', at, end));
    at = end + 1;
  }
  return texts;
}

/** Assembles messages from pieces of any size, as a socket delivers them. */
export class Incoming {
  #pieces: Uint8Array[] = [];
  #length = 0;
  #wanted = headerSize;

  *take(piece: Uint8Array): Generator<Message> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length < this.#wanted) return;
    const bytes = Buffer.concat(this.#pieces);
    let at = 0;
    for (const found of messagesIn(bytes)) {
      at += found.whole.length;
      yield found;
    }
    const rest = bytes.subarray(at);
    this.#pieces = [rest];
    this.#length = rest.length;
    this.#wanted = rest.length < headerSize ? headerSize : 1 + rest.readUInt32BE(1);
  }
}
