import { ExitCode, MigrateError } from '../errors.js';
import { endsTransaction } from '../sql/index.js';
import { setTo } from '../options.js';
import type { DeniedExtensions } from './denied-extensions.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import type { Fenced } from './fence.js';
import { inSteps } from './in-steps.js';
import type { InSteps } from './in-steps.js';
import { openProgress, progressBefore } from './open-progress.js';
import { chained, takenOver } from './progress.js';
import type { StepProgress } from './progress.js';
import type { Execute, Session } from './session.js';
import { putBackTimeouts, reachOf, withoutTimeouts } from './step-transaction.js';
import type { Reach } from './step-transaction.js';

/** The transaction of a migration, which the migration may end itself. */
interface Ended {
  readonly step: DirectedMigration;
  readonly transaction: Fenced;
  /** Whether other migrations share it. */
  readonly isShared: boolean;
}

/**
 * Migrations of existing projects end their transaction themselves, with `commitTransaction()` or a COMMIT: for CREATE INDEX CONCURRENTLY, or
 * because what follows needs what they have done to be committed, such as a new value of an enum. TypeORM allows this. From then on, the
 * migration runs in steps: the log contains how far it is, so that after an interruption the next run continues there.
 */
export class OwnEnding {
  /** The rest of the migration, once it has ended its transaction. */
  rest: InSteps | undefined;
  private count = 0;
  private hash = '';
  private isRolledBack = false;
  private putBack: (() => Promise<void>) | undefined;

  constructor(
    private readonly session: Session,
    private readonly context: ApplyContext,
    private readonly denied: DeniedExtensions,
    private readonly ended: () => Ended,
  ) {}

  /** Statements of the transaction are executed by `next`. */
  executing(next: Execute): Execute {
    return async (sql, parameters, run) => {
      if (this.isRolledBack) await this.begin();
      if (this.rest) return this.rest.execute(sql, parameters, run);
      const ending = endsTransaction(sql);
      const result = ending === 'COMMIT' ? await this.commit(sql, run) : await next(sql, parameters, run);
      this.isRolledBack = ending === 'ROLLBACK';
      this.hash = chained(this.hash, sql, parameters);
      this.count += 1;
      return result;
    };
  }

  /** Leaves the connection as it was. */
  async close(): Promise<void> {
    await this.putBack?.();
  }

  private async commit(sql: string, run: () => Promise<unknown>): Promise<unknown> {
    const { session, context } = this;
    const { step, transaction, isShared } = this.ended();
    if (isShared) throw isSharedWithOthers(step);
    this.denied.throwFirst();
    const reach = await reachOf(session, context);
    const before = { count: this.count, hash: this.hash };
    const progress = await progressBefore(sql, before, session, step, context, { reach, begins: 'in a transaction' });
    this.rest = inSteps({ session, progress, step, context, reach, timeouts: undefined });
    const result = await progress.leaveFirst(transaction, sql, run);
    await this.continueWith(progress, reach, step);
    return result;
  }

  /** What follows a rollback has a row only when there is something that follows. */
  private async begin(): Promise<void> {
    this.isRolledBack = false;
    const { session, context } = this;
    const { step } = this.ended();
    const reach = await reachOf(session, context);
    const before = { count: this.count, hash: this.hash };
    const opened = await openProgress(session, step, context, { reach, begins: 'in a transaction' }, before);
    if (opened === undefined) throw takenOver(step);
    await this.continueWith(opened.progress, reach, step);
  }

  private async continueWith(progress: StepProgress, reach: Reach, step: DirectedMigration): Promise<void> {
    const { session, context } = this;
    const timeouts = await withoutTimeouts(session.client, reach);
    this.rest = inSteps({ session, progress, step, context, reach, timeouts });
    if (reach === 'direct' && timeouts !== undefined) this.putBack = () => putBackTimeouts(session.client);
  }
}

function isSharedWithOthers({ migration: { name } }: DirectedMigration): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: `Migration ${name} commits its transaction itself, but shares it with others (transaction: 'all'). The COMMIT was not sent.`,
    next: `Use the default: ${setTo('transaction', 'each')}`,
    exitCode: ExitCode.usage,
  });
}
