import type { Running } from '../database/running.js';
import type { HalfDone } from '../database/log.js';
import type { Survey } from './context.js';
import type { RunningMigration } from './types.js';

/**
 * What another process is carrying out now. A session says it by the timestamp in its name, or while it works in batches, how far it has
 * come; then the log says of which migration. What neither names is of another service.
 */
export function runningHere(sessions: readonly Running[], { known, state }: Survey): readonly RunningMigration[] {
  const started = state.halfDone.findLast((row) => row.state === 'started');
  return sessions.flatMap(({ timestamp, direction, pid: _pid, ...work }) => {
    if (timestamp === undefined) return started ? ofLog(started, work) : [];
    const found = [...known, ...state.applied].find((one) => one.timestamp === timestamp);
    return found === undefined || direction === undefined ? [] : { name: found.name, direction, ...work };
  });
}

/** Where only the rate is known, each batch is a statement of its own, and the log says how long it has gone on. */
function ofLog(
  { migration: name, direction, started_at: since }: HalfDone,
  work: Omit<RunningMigration, 'name' | 'direction'>,
): RunningMigration {
  const isOneStatement = work.unit !== 'rows' || work.total === 0;
  return {
    name,
    direction,
    ...work,
    ...(!isOneStatement && { elapsedMs: Math.max(0, Date.now() - Date.parse(since)) }),
  };
}
