import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { putOwn } from '../typeorm/own-methods.js';

/** What is used of a client of `pg` that its types do not tell. */
interface Client {
  readonly processID?: number | null;
  /** Undefined until the server has let it in; false while a reply is awaited. */
  readonly readyForQuery?: boolean;
  readonly connection?: { readonly stream?: Stream };
}

interface Stream extends Duplex {
  readonly bytesRead?: number;
  setKeepAlive?(enable: boolean, initialDelayMs: number): unknown;
}

/** A connection to the server below the level of queries. */
export interface Wire {
  readonly client: object;
  isConnecting(): boolean;
  isAwaitingReply(): boolean;
  bytesRead(): number;
  /** Ends it without the server. Whatever waits for a reply on it fails with this error. */
  cut(error: Error): void;
}

/** Undefined where the driver is not that of `pg` in JavaScript: then nothing can be seen of its connections. */
export function wireOf(client: object): Wire | undefined {
  const one = client as Client;
  // TLS puts another stream in the place of the first one, so it is asked for each time.
  const stream = (): Stream | undefined => one.connection?.stream;
  if (typeof stream()?.destroy !== 'function') return undefined;
  return {
    client,
    isConnecting: () => one.readyForQuery === undefined && stream()?.destroyed !== true,
    isAwaitingReply: () => one.readyForQuery !== true && stream()?.destroyed !== true,
    bytesRead: () => stream()?.bytesRead ?? 0,
    cut: (error) => void stream()?.destroy(error),
  };
}

/** The number that the server, or a pooler, has given the session when the connection was opened. */
export function processIdOf(client: object): number | undefined {
  return (client as Client).processID ?? undefined;
}

const sent = new WeakMap<object, string>();

/** Remembers the text of what is sent on a connection, until the returned function is called: by it another session can recognise this one. */
export function rememberQueries(client: object): () => void {
  const { query } = client as { readonly query: (...given: readonly unknown[]) => unknown };
  return putOwn(client, {
    query: (...given: readonly unknown[]) => {
      const [message] = given;
      const text = typeof message === 'string' ? message : (message as { readonly text?: unknown } | null)?.text;
      if (typeof text === 'string') sent.set(client, text);
      return query.apply(client, [...given]);
    },
  });
}

/** What was sent last. */
export function lastQueryOf(client: object): string | undefined {
  return sent.get(client);
}

/** Where the network swallows everything, a server does not answer to a parting either: then a connection is closed without it. */
export const longestPartingMs = 500;

/** Waits for the parting, which ends these connections, and cuts any connection that does not answer in time. */
export async function parting(clients: readonly object[], work: () => Promise<unknown>): Promise<void> {
  const cut = (): void => clients.forEach((client) => wireOf(client)?.cut(noReply('closed')));
  const timer = setTimeout(cut, longestPartingMs);
  try {
    await work();
  } finally {
    clearTimeout(timer);
  }
}

const probeAfterMs = 30_000;

/** Lets the operating system notice that the other end is gone; without a delay, it waits two hours before it looks. */
export function keepAlive(client: object): void {
  (client as Client).connection?.stream?.setKeepAlive?.(true, probeAfterMs);
}

const lookEveryMs = 10;

/** Waits for the reply that is awaited on this connection, or for its end. What is sent before that would only stand in the client's queue. */
export async function untilQuiet(client: object): Promise<void> {
  const wire = wireOf(client);
  while (wire?.isAwaitingReply() === true) await sleep(lookEveryMs);
}

export function isQuiet(client: object): boolean {
  return wireOf(client)?.isAwaitingReply() !== true;
}

export function noReply(reason: string): Error {
  return Object.assign(new Error(reason), { code: 'ETIMEDOUT' });
}
