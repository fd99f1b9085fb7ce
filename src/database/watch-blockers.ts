import type { Blocker } from '../events.js';
import { blockersOf } from './blockers.js';
import { boundsOf } from './replies.js';
import type { Lock } from './lock.js';
import type { ConnectContext } from './sql-client.js';
import { isQuiet } from './wire.js';
import { createWitness } from './witness.js';
import { workOf } from './work.js';
import type { Work } from './work.js';

/** What is executed, as it changes. */
export interface Progress {
  /** How many statements of the migration have been started. */
  statement: number;
  /** The one that is running, or that failed; undefined between two. */
  sql: string | undefined;
  isRunning: boolean;
  /** Whether what is running says by itself how far it has come. */
  tellsItself?: boolean;
  /** Who stood in its way when we last looked. */
  blockers: readonly Blocker[];
}

export interface Watching extends ConnectContext {
  readonly lock: Lock;
  readonly migration: () => string;
  /**
   * A statement may wait for all transactions that have a snapshot, as CREATE INDEX CONCURRENTLY does. A question in the transaction that
   * holds the lock has one, for a moment; where it is met in that moment, both would wait forever.
   */
  readonly waitsForSnapshots?: true;
}

/** Names the sessions that hold what a statement waits for, as long as the returned function is not called. */
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
  // Often enough to see who blocks before the lock timeout strikes.
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

/** The connection that holds the lock is there anyway; a statement that waits for snapshots would wait for its transaction. */
export function eyesOf(context: Watching): Eyes | undefined {
  const { side } = context.lock;
  if (side === undefined) return undefined;
  if (context.waitsForSnapshots) {
    const witness = createWitness(context, boundsOf(context.settings).noticeMs);
    return { areFree: () => true, blockersOf: witness.blockersOf, workOf: witness.workOf, close: witness.close };
  }
  return {
    areFree: () => isQuiet(side),
    blockersOf: (pid) => blockersOf(side, pid),
    workOf: (pid) => workOf(side, pid),
    close: () => undefined,
  };
}
