import type { Blocker } from '../events.js';
import { boundsOf } from './replies.js';
import type { Lock } from './lock.js';
import type { ConnectContext } from './sql-client.js';
import { isQuiet } from './wire.js';
import { blockersOfBackend, createWitness } from './witness.js';
import type { Backend } from './witness.js';
import { workOf } from './work.js';
import type { Work } from './work.js';

/** The current state of the execution. */
export interface Progress {
  /** The number of statements of the migration that have been started. */
  statement: number;
  /** The statement that is running or has failed; undefined between two statements. */
  sql: string | undefined;
  isRunning: boolean;
  /** Whether the running work reports its own progress. */
  tellsItself?: boolean;
  /** The sessions that blocked the statement when last checked. */
  blockers: readonly Blocker[];
}

export interface Watching extends ConnectContext {
  readonly lock: Lock;
  readonly migration: () => string;
  /**
   * A statement may wait for all transactions with a snapshot, as CREATE INDEX CONCURRENTLY does. A query in the transaction that holds the
   * lock has a snapshot for a moment. If the statement started to wait at that moment, both would wait forever.
   */
  readonly waitsForSnapshots?: () => boolean;
}

/**
 * Reports what holds the lock that a statement, or our own query between two statements, waits for, until the returned function is called.
 * `own` returns the text of our own query while its reply is awaited.
 */
export function watchBlockers(
  context: Watching,
  progress: Progress,
  backend: () => Backend | undefined,
  own: () => string | undefined,
): () => void {
  const eyes = eyesOf(context);
  if (eyes === undefined) return () => undefined;
  let asking = false;
  let told = '';
  let awaited: string | undefined;
  const look = async (): Promise<void> => {
    const served = backend();
    const { statement, isRunning } = progress;
    const asked = isRunning ? undefined : own();
    // A query of our own is usually answered before the next look.
    const isNew = asked !== awaited;
    awaited = asked;
    const sql = isRunning ? progress.sql : isNew ? undefined : asked;
    if (asking || !eyes.areFree() || served === undefined || sql === undefined) return;
    asking = true;
    const blockers = await eyes.blockersOf(served).catch(() => []);
    asking = false;
    if (blockers.length === 0 || progress.statement !== statement || progress.isRunning !== isRunning) return;
    if (!isRunning && own() !== sql) return;
    progress.blockers = blockers;
    const what = [isRunning, statement, ...blockers.map(({ pid, prepared }) => prepared?.gid ?? pid)].join();
    if (what !== told) context.onEvent({ type: 'blocked', migration: context.migration(), sql, blockers });
    told = what;
  };
  // Often enough to see the blocking session before the lock timeout ends the statement.
  const timer = setInterval(() => void look(), Math.max(50, Math.min(400, context.settings.lockTimeoutMs / 3)));
  timer.unref();
  return () => {
    clearInterval(timer);
    eyes.close();
  };
}

interface Eyes {
  areFree(): boolean;
  blockersOf(backend: Backend): Promise<readonly Blocker[]>;
  workOf(pid: number): Promise<Work | undefined>;
  close(): void;
}

/** The connection that holds the lock exists anyway, but a statement that waits for snapshots would wait for its transaction. */
export function eyesOf(context: Watching): Eyes | undefined {
  const { side } = context.lock;
  if (side === undefined) return undefined;
  const witness = createWitness(context, boundsOf(context.settings).noticeMs);
  const apart = (): boolean => context.waitsForSnapshots?.() === true;
  return {
    areFree: () => apart() || isQuiet(side),
    blockersOf: (backend) => (apart() ? witness.blockersOf(backend) : blockersOfBackend(side, backend)),
    workOf: (pid) => (apart() ? witness.workOf(pid) : workOf(side, pid)),
    close: witness.close,
  };
}
