import { classify } from '../sql/index.js';
import { Incoming, message, messagesIn, textsIn } from './messages.js';
import type { Message } from './messages.js';

/** What is to be done with messages of a client: send them, or answer them without the server. */
type Step = { readonly send: Uint8Array; readonly repeats?: 'the first answer' } | { readonly answer: Uint8Array };

/**
 * `COPY … FROM STDIN` on one connection. PGlite executes what it is given at once: if the rows are not there when it executes the COPY, it
 * waits for them forever, and its memory grows. So the COPY is kept until its rows have arrived, which the client sends after an answer.
 */
export class CopyIn {
  #kept: Uint8Array[] | undefined;
  #rows = new Incoming();

  take(messages: Uint8Array): Step {
    if (this.#kept === undefined) {
      const all = [...messagesIn(messages)];
      if (!all.some(copiesIn)) return { send: messages };
      // The extended protocol sends rows neither in TypeORM nor in `pg-copy-streams`.
      if (all[0]?.kind !== 'Q') return { send: withoutRows(all) };
      this.#kept = [messages];
      this.#rows = new Incoming();
      return { answer: goOn };
    }
    let isComplete = false;
    for (const { kind, whole } of this.#rows.take(messages)) {
      this.#kept.push(Buffer.from(whole));
      isComplete ||= kind === 'c' || kind === 'f';
    }
    if (!isComplete) return { answer: new Uint8Array() };
    const send = Buffer.concat(this.#kept);
    this.#kept = undefined;
    return { send, repeats: 'the first answer' };
  }
}

/** The answers without the one that the client has had already. */
export function withoutGoOn(answers: Uint8Array): Uint8Array {
  const all = [...messagesIn(answers)];
  const first = all.findIndex(({ kind }) => kind === 'G');
  return Buffer.concat(all.filter((_one, index) => index !== first).map(({ whole }) => whole));
}

/** CopyInResponse: rows as text, whose columns no client looks at. */
const goOn = message('G', Buffer.from([0, 0, 0]));

function copiesIn({ kind, body }: Message): boolean {
  const [sql = ''] = kind === 'Q' ? textsIn(body, 1) : kind === 'P' ? textsIn(body, 2).slice(1) : [];
  return /stdin/i.test(sql) && classify(sql).some(({ command }) => command === 'COPY FROM STDIN');
}

function withoutRows(all: readonly Message[]): Uint8Array {
  const failed = message('f', 'COPY FROM STDIN needs a simple query\0');
  return Buffer.concat(all.flatMap(({ kind, whole }) => (kind === 'S' ? [failed, whole] : [whole])));
}
