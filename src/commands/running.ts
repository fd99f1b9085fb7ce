import type { Running } from '../database/running.js';
import type { HalfDone } from '../database/log.js';
import type { Survey } from './context.js';
import type { RunningMigration } from './types.js';

/**
 * The migrations that other processes are currently executing. The name of a session contains the timestamp of its migration, or, during
 * work in batches, the progress, and then the log names the migration. Sessions that neither identifies belong to another service.
 */
export function runningHere(sessions: readonly Running[], { known, state }: Survey): readonly RunningMigration[] {
  const started = state.halfDone.findLast((row) => row.state === 'started');
  return sessions.flatMap(({ timestamp, direction, pid: _pid, ...work }) => {
    if (timestamp === undefined) return started ? ofLog(started, work) : [];
    const found = [...known, ...state.applied].find((one) => one.timestamp === timestamp);
    return found === undefined || direction === undefined ? [] : { name: found.name, direction, ...work };
  });
}

/** If only the rate is known, each batch is a separate statement, and the log shows when the work started. */
function ofLog(
  { migration: name, direction, started_at: since }: HalfDone,
  work: Omit<RunningMigration, 'name' | 'direction'>,
): RunningMigration {
  const isOneStatement = work.unit !== 'rows' || (work.total === 0 && work.rows === undefined);
  return {
    name,
    direction,
    ...work,
    ...(!isOneStatement && { elapsedMs: Math.max(0, Date.now() - Date.parse(since)) }),
  };
}
