import { parentPort, workerData } from 'node:worker_threads';
import { openFolder } from '../data-source/data-folder.js';
import { loadPg } from '../data-source/load-pg.js';
import { usualExtensions, wiredConfig } from '../data-source/pglite.js';
import type { PGlite, ProtocolMessage } from '../data-source/pglite.js';
import { messageOf } from '../errors.js';
import { readSchema } from '../schema/read.js';

/** What the thread is asked to do. */
export type Order =
  | { readonly kind: 'open' }
  | { readonly kind: 'send'; readonly message: Uint8Array }
  | { readonly kind: 'exec'; readonly sql: string };

export interface Answer {
  readonly id: number;
  /** None when it could not be done. */
  readonly messages?: readonly ProtocolMessage[];
  readonly error?: unknown;
}

/** The thread of `openAhead`: opens the database in the folder that it is given, and passes on what is said to it. */
const database = opened(workerData as string);
// Every order hears of it.
database.catch(() => undefined);

parentPort?.on('message', ({ id, order }: { readonly id: number; readonly order: Order }) => {
  void carryOut(order).then(
    (messages) => say({ id, messages }),
    (error: unknown) => say({ id, error }),
  );
});

function say(answer: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the other thread is no window.
  parentPort?.postMessage(answer);
}

async function carryOut(order: Order): Promise<readonly ProtocolMessage[]> {
  const lite = await database;
  if (order.kind === 'send') return (await lite.execProtocolStream(order.message, { throwOnError: false })).map(asData);
  if (order.kind === 'exec') await lite.exec(order.sql);
  return [];
}

async function opened(dir: string): Promise<PGlite> {
  const lite = await openFolder(dir, {}, usualExtensions);
  await warm(lite);
  return lite;
}

/**
 * What PostgreSQL does for the first time takes it many times as long as later: its own code is compiled while it runs, and the catalog is
 * read into its caches. So the first time is over before anybody asks.
 */
async function warm(lite: PGlite): Promise<void> {
  const { default: pg } = await loadPg();
  const pool = new pg.Pool({ ...wiredConfig(lite), max: 1 });
  try {
    await readSchema(pool, { ignoreTables: [] });
  } finally {
    await pool.end();
  }
}

/** An error is copied to the other thread without its code, its detail, its position; an object keeps them. */
function asData(message: ProtocolMessage): ProtocolMessage {
  return message.name === 'error' ? Object.assign({ ...message }, { message: messageOf(message) }) : message;
}
