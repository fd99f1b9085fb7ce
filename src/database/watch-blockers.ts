import type { Blocker } from '../events.js';
import { blockersOf } from './blockers.js';
import { boundsOf } from './replies.js';
import type { Lock } from './lock.js';
import type { ConnectContext } from './sql-client.js';
import { isQuiet } from './wire.js';
import { createWitness } from './witness.js';
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

/** Reports the sessions that hold what a statement waits for, until the returned function is called. */
export function watchBlockers(context: Watching, progress: Progress, backend: () => number | undefined): () => void {
  const eyes = eyesOf(context);
  if (eyes === undefined) return () => undefined;
  let asking = false;
  let told = '';
  const look = async (): Promise<void> => {
    const pid = backend();
    const { statement, sql } = progress;
    if (asking || !eyes.areFree() || pid === undefined || sql === undefined || !progress.isRunning) return;
    asking = true;
    const blockers = await eyes.blockersOf(pid).catch(() => []);
    asking = false;
    if (blockers.length === 0 || progress.statement !== statement) return;
    progress.blockers = blockers;
    const what = [statement, ...blockers.map((blocker) => blocker.pid)].join();
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
  blockersOf(pid: number): Promise<readonly Blocker[]>;
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
    blockersOf: (pid) => (apart() ? witness.blockersOf(pid) : blockersOf(side, pid)),
    workOf: (pid) => (apart() ? witness.workOf(pid) : workOf(side, pid)),
    close: witness.close,
  };
}
