import { MigrateError } from '../errors.js';
import type { Direction } from '../events.js';
import type { Instantiate, LoadedMigration, Runnable } from '../files/migration.js';
import { addedTo } from './log.js';
import type { Attempt } from './log.js';
import type { LogUse } from './log-columns.js';
import type { Session, SessionContext } from './session.js';
import type { Tables } from './tables.js';

/** What the migrations of one command are executed with. */
export interface ApplyContext extends SessionContext {
  readonly tables: Tables;
  readonly instantiate: Instantiate;
  readonly batch: number;
  readonly log: LogUse;
}

/** A migration, and which way it goes. */
export interface DirectedMigration {
  readonly migration: LoadedMigration;
  readonly direction: Direction;
}

export async function executeMigration(runnable: Runnable, step: DirectedMigration, session: Session): Promise<void> {
  if (step.direction === 'up') await runnable.up(session.queryRunner);
  else if (runnable.down !== undefined) await runnable.down(session.queryRunner);
  else throw notReversible(step);
}

export function attemptOf(step: DirectedMigration, context: ApplyContext, kind: 'transactional' | 'plain'): Attempt {
  const { name: migration, checksum } = step.migration;
  return {
    migration,
    direction: step.direction,
    batch: context.batch,
    transactional: kind === 'transactional',
    checksum,
    ...addedTo(migration, context.log),
  };
}

function notReversible(step: DirectedMigration): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${step.migration.name} cannot be reverted: it has no down${step.migration.file?.endsWith('.sql') ? ' section' : '()'}. Nothing was changed.`,
    next: 'Write its down part; or, if you have undone it by hand: nest-migrate revert --fake --count 1',
    migration: step.migration.name,
  });
}
