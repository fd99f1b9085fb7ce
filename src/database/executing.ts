import { Within } from '../within.js';
import type { SqlClient } from './sql-client.js';
import { processIdOf } from './wire.js';

/** The transactional migration that is being executed by the code that asks. */
export interface Executing {
  readonly migration: string;
  /** The connection that holds the lock. */
  readonly side: SqlClient;
  /** The other connections that it has used, each with a function that restores its original state. */
  readonly clients: Map<object, () => void>;
}

const shared = globalThis as { [key: symbol]: Within<Executing> | undefined };

/**
 * There is one for all questions about it, because each makes promises slower while it is used; and one for the command and the modules of
 * the project, which are of another kind.
 */
export const executing = (shared[Symbol.for('nest-migrate.executing')] ??= new Within<Executing>());

/** The migration that asks, if its own lock is held by this server process, so that it would wait for itself. */
export function lockedItself(pid: number | undefined): string | undefined {
  const { current } = executing;
  return current !== undefined && pid !== undefined && processIdOf(current.side) === pid
    ? current.migration
    : undefined;
}
