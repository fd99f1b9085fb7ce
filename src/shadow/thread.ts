import { parentPort, workerData } from 'node:worker_threads';
import { openFolder } from '../data-source/data-folder.js';
import type { SqlClient } from '../database/sql-client.js';
import { loadPg } from '../data-source/load-pg.js';
import { openCompiled, usualExtensions } from '../data-source/pglite.js';
import type { PGlite } from '../data-source/pglite.js';
import type { Answer, Order } from '../data-source/threaded-pglite.js';
import { statusIn } from '../data-source/messages.js';
import { configThrough, Wire } from '../data-source/wire.js';
import { PreparingClient } from './prepared-reads.js';
import { readCatalog } from '../schema/read.js';
import type { Catalog, CatalogPool, ReadOptions } from '../schema/read.js';
import type { ThreadData } from './ahead.js';
import { inside } from './inside.js';

/** The requests to the thread. */
type Asked = Order | { readonly kind: 'read'; readonly options: ReadOptions };
type Answered = Uint8Array | Catalog | undefined;

interface Opened {
  readonly lite: PGlite;
  /** The connection within this thread. */
  readonly reader: PreparingClient;
}

/** The thread of `openAhead`: opens the database in the folder that it is given, and passes on what is said to it. */
const database = opened(workerData as ThreadData);
// Every request receives this error.
database.catch(() => undefined);

parentPort?.on('message', ({ id, order }: { readonly id: number; readonly order: Asked }) => {
  void carryOut(order).then(
    (value) => say({ id, value }),
    (error: unknown) => say({ id, error }),
  );
});

function say(answer: Answer<Answered>): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the other thread is no window.
  parentPort?.postMessage(answer);
}

async function carryOut(order: Asked): Promise<Answered> {
  const { lite, reader } = await database;
  if (order.kind === 'read') {
    const { options } = order;
    return reader.prepared(() => readCatalog(isInTransaction ? inside(reader) : poolOf(reader), options));
  }
  if (order.kind !== 'send') return undefined;
  const answers = await lite.send(order.messages);
  isInTransaction = (statusIn(answers) ?? 'I') !== 'I';
  return answers;
}

/** There is only one session, so every read is part of its open transaction. */
let isInTransaction = false;

/**
 * What PostgreSQL does for the first time takes it many times as long as later: its own code is compiled while it runs, and the catalog is
 * read into its caches. So the first time is over before anybody asks.
 */
async function opened({ dir, compiled }: ThreadData): Promise<Opened> {
  const lite = await openFolder(dir, {}, usualExtensions, (...folder) => openCompiled(compiled, ...folder));
  const { default: pg } = await loadPg();
  const client = new pg.Client(configThrough(new Wire((messages) => lite.send(messages))));
  await client.connect();
  const reader = new PreparingClient(client);
  await readCatalog(poolOf(reader), { ignoreTables: [] });
  return { lite, reader };
}

function poolOf(client: SqlClient): CatalogPool {
  const query = client.query.bind(client);
  return { connect: () => Promise.resolve({ query, release: () => undefined }) };
}
