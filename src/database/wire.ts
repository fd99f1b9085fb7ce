import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { putOwn } from '../typeorm/own-methods.js';

/** The parts of a `pg` client that are used but missing in its types. */
interface Client {
  readonly processID?: number | null;
  /** Undefined until the server has accepted the connection; false while a reply is awaited. */
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
  /** Ends the connection without the server. Everything that waits for a reply on it fails with this error. */
  cut(error: Error): void;
}

/** Undefined if the driver is not `pg` in JavaScript: then its connections cannot be observed. */
export function wireOf(client: object): Wire | undefined {
  const one = client as Client;
  // TLS replaces the stream, so it is read again each time.
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

/** The process id that the server, or a pooler, has sent when the connection was opened. */
export function processIdOf(client: object): number | undefined {
  return (client as Client).processID ?? undefined;
}

const sent = new WeakMap<object, string>();

/**
 * Remembers the text of each query on a connection until the returned function is called, so that another session can recognise this one by
 * it.
 */
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

/** The last query that was sent. */
export function lastQueryOf(client: object): string | undefined {
  return sent.get(client);
}

/**
 * If the network drops all packets, the server does not answer the termination of a connection either. Then it is closed without an answer.
 */
export const longestPartingMs = 500;

/** Waits for work that ends these connections, and cuts any connection that does not answer in time. */
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

/** Lets the operating system notice that the other end is gone. By default, it checks only after two hours. */
export function keepAlive(client: object): void {
  (client as Client).connection?.stream?.setKeepAlive?.(true, probeAfterMs);
}

const lookEveryMs = 10;

/** Waits for the awaited reply on this connection, or for its end. A query sent earlier would only wait in the client's queue. */
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
