import { messageOf } from '../errors.js';
import { classify } from '../sql/index.js';
import type { SqlClass } from '../sql/index.js';
import { requestedBackfill } from './backfill.js';
import { backfillInSteps } from './backfill-steps.js';
import { executeAlone } from './alone.js';
import type { Alone } from './alone.js';
import { isTransactionOpen } from './sql-client.js';
import { isLockFailure, needsAutocommit } from './failure.js';
import type { NotGranted } from './failure.js';
import type { StepProgress } from './progress.js';
import type { Execute } from './session.js';
import type { OwnTransaction } from './step-transaction.js';
import { untilGranted } from './until-granted.js';

export interface Stepper {
  readonly execute: Execute;
  readonly own: () => OwnTransaction;
}

/** Executes each statement of a migration without a transaction in the way that leaves the least in doubt. */
export function stepping(at: Alone): Stepper {
  const { progress, session } = at;
  let own: OwnTransaction = 'none';

  async function inOwn(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    const statements = classify(sql);
    // SET TRANSACTION must be the first statement of its transaction.
    if (own === 'opened' && !statements.every(isSetTransaction)) {
      await progress.enter();
      own = 'fenced';
    }
    const [only, ...more] = statements;
    const commits = only !== undefined && more.length === 0 && only.closes && !only.undoes;
    const before = progress.kept;
    const result = commits ? await progress.leave(sql, parameters, run) : await run();
    if (isOpenAfter(session.client, statements, true)) {
      if (progress.kept === before) progress.pass(sql, parameters);
      // COMMIT AND CHAIN has opened the next transaction.
      else own = 'opened';
    } else {
      own = 'none';
      if (progress.kept === before) await progress.counts(sql, parameters);
    }
    return result;
  }

  async function inNone(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    const backfill = requestedBackfill(session.queryRunner, sql);
    if (backfill) return backfillInSteps(backfill, parameters, (batch) => whenGranted(sql, batch, at), at);
    const statements = classify(sql);
    if (statements.some(({ opens, closes }) => opens || closes)) {
      const result = await run();
      if (isOpenAfter(session.client, statements, false)) {
        own = 'opened';
        progress.pass(sql, parameters);
      } else await progress.counts(sql, parameters);
      return result;
    }
    if (statements.some(({ runsAlone }) => runsAlone === 'always')) return executeAlone(sql, parameters, run, at);
    try {
      const waits = statements.some(({ locksTables }) => locksTables) ? 'briefly' : 'without a limit';
      return await whenGranted(sql, () => progress.together(sql, parameters, run, waits), at);
    } catch (error) {
      if (!needsAutocommit(error)) throw error;
      return executeAlone(sql, parameters, run, at);
    }
  }

  const execute: Execute = async (sql, parameters, run) => {
    try {
      return await (own === 'none' ? inNone : inOwn)(sql, parameters, run);
    } finally {
      if (at.reach === 'pooled' && own === 'none') session.setBackend(undefined);
    }
  };
  return { execute, own: () => own };
}

/** Repeats the statement if its transaction was rolled back for lack of a lock. */
async function whenGranted(sql: string, execute: () => Promise<unknown>, at: Alone): Promise<unknown> {
  const attempt = async (): Promise<{ readonly result: unknown } | NotGranted> => {
    try {
      return { result: await execute() };
    } catch (error) {
      if (at.progress.transaction !== undefined || !isLockFailure(error)) throw error;
      const { blockers } = at.session.progress;
      return { migration: at.step.migration.name, sql, reason: messageOf(error), blockers, error };
    }
  };
  const { result } = await untilGranted(at.context, () => stateInSteps(at.progress), attempt);
  return result;
}

/** Describes, for messages, what remains of a migration that runs in steps. */
export function stateInSteps({ begins, kept: n }: Pick<StepProgress, 'begins' | 'kept'>): string {
  const done =
    n === 0
      ? 'None of its statements is done'
      : n === 1
        ? 'Its first statement is done and stays'
        : `Its first ${n} statements are done and stay`;
  return `It ${begins === 'in a transaction' ? 'commits by itself' : 'runs without a transaction'}. ${done}.`;
}

/** The server reports the status, but older versions of `pg` do not expose it. */
function isOpenAfter(client: Alone['session']['client'], statements: readonly SqlClass[], before: boolean): boolean {
  return isTransactionOpen(client) ?? leavesOpen(statements, before);
}

function leavesOpen(statements: readonly SqlClass[], before: boolean): boolean {
  return statements.reduce((open, { opens, closes }) => opens || (open && !closes), before);
}

function isSetTransaction({ command, setting }: SqlClass): boolean {
  return command === 'SET' && setting === undefined;
}
