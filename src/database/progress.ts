import { createHash } from 'node:crypto';
import { MigrateError, messageOf } from '../errors.js';
import type { KeptDown } from '../files/kept-down.js';
import { withoutPasswords } from '../passwords.js';
import { quoteLiteral } from '../sql/index.js';
import type { SqlClient, SqlResult } from './sql-client.js';
import { rollback } from './fate.js';
import { recordedParts } from './downs.js';
import { believe } from '../typeorm/query-runner.js';
import { ask } from './fence.js';
import type { Fenced, Opened } from './fence.js';
import { attemptColumns, ownHost } from './log.js';
import type { HalfDone, SavedBatch } from './log.js';
import { begin, stepSettings } from './step-transaction.js';
import type { OwnTransaction, Reach, Waits } from './step-transaction.js';
import type { Session } from './session.js';
import { attemptOf } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

const notOurs = 'nest_migrate.not_ours';

/** Whether a migration begins in a transaction, which it then commits itself. */
export type Begins = 'in a transaction' | 'without a transaction';

export interface How {
  readonly reach: Reach;
  readonly begins: Begins;
}

/** A number of statements, and the hash of them. */
export interface Counted {
  readonly count: number;
  readonly hash: string;
}

/**
 * The progress of a migration without a transaction, stored in its log row: the number of finished statements and a chained hash of them,
 * so that a resumed run skips exactly these. Each update of the row requires the values that this process wrote last, and fails if another
 * process has continued the migration.
 */
export class StepProgress {
  /** The number of statements so far, and their hash. */
  private count = 0;
  private hash = '';
  /** The last transaction that was opened for a statement, until its outcome is known. */
  private current: Fenced | undefined;
  private saved: number;
  /** A statement outside of a transaction that was begun, and has not ended well. */
  interrupted: string | undefined;
  private lastBatch: HalfDone['progress'];

  constructor(
    private readonly session: Session,
    private readonly step: DirectedMigration,
    private readonly context: ApplyContext,
    private readonly how: How,
    private readonly id: number,
    earlier?: HalfDone,
  ) {
    this.saved = earlier?.statements_done ?? 0;
    this.lastBatch = earlier?.progress;
  }

  get begins(): Begins {
    return this.how.begins;
  }

  /** Continues after statements that were executed before the migration ran in steps. */
  after({ count, hash }: Counted, are: 'recorded' | 'not yet committed'): void {
    this.count = count;
    this.hash = hash;
    if (are === 'recorded') this.saved = count;
  }

  /** The number of statements so far, executed or skipped. */
  get done(): number {
    return this.count;
  }

  get chain(): string {
    return this.hash;
  }

  /** The number of statements whose completion is certain. */
  get kept(): number {
    return this.saved;
  }

  /** The transaction whose outcome is unknown. */
  get transaction(): Fenced | undefined {
    return this.current;
  }

  /** Notes a statement that is not counted separately: it was executed earlier, or its transaction has not been committed yet. */
  pass(sql: string, parameters: unknown): void {
    this.hash = this.next(sql, parameters);
    this.count += 1;
  }

  /** Executes a statement and counts it in the same transaction, so that either both take effect or neither. */
  async together(sql: string, parameters: unknown, run: () => Promise<unknown>, waits: Waits): Promise<unknown> {
    this.settle(await begin(this.session, this.step, this.context, this.how.reach, this.isOurs(), waits));
    try {
      const result = await run();
      await this.commit(`${this.counted(sql, parameters)}; COMMIT`);
      this.advance(sql, parameters);
      return result;
    } catch (error) {
      if (await rollback(this.session)) this.current = undefined;
      throw error;
    }
  }

  /** Executes a batch of a statement in its own transaction, and stores the progress there. */
  async batch(work: () => Promise<SavedBatch>): Promise<void> {
    this.settle(await begin(this.session, this.step, this.context, this.how.reach, this.isOurs(), 'briefly'));
    try {
      const progress = { ...(await work()), statement: this.count };
      const isKept = this.context.log.columns.has('progress');
      const kept = isKept ? `progress = ${quoteLiteral(JSON.stringify(progress))}::jsonb` : 'in_doubt = NULL';
      await this.commit(`${this.changed(kept)}; COMMIT`);
      this.lastBatch = progress;
    } catch (error) {
      if (await rollback(this.session)) this.current = undefined;
      throw error;
    }
  }

  /** The stored progress of the next statement, if it is executed in batches. */
  get savedBatch(): SavedBatch | undefined {
    return this.lastBatch?.statement === this.count ? this.lastBatch : undefined;
  }

  /** Executes a statement that cannot run in a transaction. Until it is counted, it is in doubt. */
  async alone(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    await this.send(this.changed(`in_doubt = ${quoteLiteral(withoutPasswords(sql))}`));
    this.interrupted = sql;
    const result = await run();
    this.interrupted = undefined;
    await this.counts(sql, parameters);
    return result;
  }

  /** Counts a statement that was executed outside a transaction. */
  async counts(sql: string, parameters: unknown): Promise<void> {
    await this.send(this.counted(sql, parameters));
    this.advance(sql, parameters);
  }

  /** Takes the fence in a transaction that the migration has opened itself. */
  async enter(): Promise<void> {
    const settings = stepSettings(this.step, this.context, this.how.reach, 'briefly');
    const open = async (questions: string) =>
      (await this.session.client.query(`${settings}; ${questions}`)) as unknown as readonly SqlResult[];
    const opened = await ask({ steps: [this.step], open, expected: this.isOurs() }, this.session, this.context);
    if (opened === undefined) throw takenOver(this.step);
    this.settle(opened);
  }

  /** Executes the COMMIT of such a transaction, in which all its statements are counted. */
  async leave(sql: string, parameters: unknown, commit: () => Promise<unknown>): Promise<unknown> {
    await this.send(this.counted(sql, parameters));
    return this.end(sql, parameters, commit);
  }

  /** The same for the transaction in which this row was written, and that counts all its statements already. */
  async leaveFirst(transaction: Fenced, sql: string, commit: () => Promise<unknown>): Promise<unknown> {
    this.current = transaction;
    return this.end(sql, undefined, commit);
  }

  private async end(sql: string, parameters: unknown, commit: () => Promise<unknown>): Promise<unknown> {
    if (this.current) this.current.commit = 'sent';
    const result = await commit();
    this.advance(sql, parameters);
    return result;
  }

  /** Updates ledger and log together: the migration is applied or reverted. The ledger is locked only for this last message. */
  async finish(down: KeptDown | undefined, own: OwnTransaction): Promise<void> {
    const { direction } = this.step;
    const { ledger, log } = this.context.tables;
    if (own === 'opened') await this.enter();
    if (own === 'none') this.settle(await begin(this.session, this.step, this.context, this.how.reach, this.isOurs()));
    await this.commit(
      `LOCK TABLE ${ledger} IN SHARE ROW EXCLUSIVE MODE;
       WITH ${recordedParts(this.step, down, this.context)},
         finished AS (UPDATE ${log} SET state = '${direction === 'up' ? 'applied' : 'reverted'}', in_doubt = NULL, error = NULL,
           finished_at = clock_timestamp(), duration_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000
           WHERE ${this.mine()} RETURNING 1)
       SELECT ${onlyIf('EXISTS (SELECT FROM recorded) AND EXISTS (SELECT FROM finished)')}; COMMIT`,
    );
    believe(this.session.queryRunner, 'none');
  }

  async failed(error: string): Promise<void> {
    const { log } = this.context.tables;
    // The row is gone with its transaction if the first COMMIT of the migration itself failed.
    const { names, values } = attemptColumns(attemptOf(this.step, this.context, 'transactional'));
    await this.session.client
      .query(
        `UPDATE ${log} SET state = 'failed', error = ${quoteLiteral(error)}, finished_at = clock_timestamp() WHERE ${this.mine()};
         INSERT INTO ${log} (${names}, state, error, finished_at) SELECT ${values}, 'failed', ${quoteLiteral(error)}, clock_timestamp()
           WHERE NOT EXISTS (SELECT FROM ${log} WHERE id = ${this.id})`,
      )
      .catch(() => undefined);
  }

  /** Restores the row as it was before it was taken over. */
  async putBack(halfDone: HalfDone): Promise<void> {
    if (halfDone.state === 'failed') await this.failed(halfDone.error ?? '');
  }

  /** Reads the row on a new connection after the reply to a COMMIT was lost. */
  async read(
    client: SqlClient,
  ): Promise<{ readonly state: 'finished' | 'unfinished'; readonly statementsDone: number }> {
    const { rows } = await client.query(
      `SELECT state, statements_done FROM ${this.context.tables.log} WHERE id = ${this.id}`,
    );
    const isFinished = ['applied', 'reverted'].includes(String(rows[0]?.['state']));
    return { state: isFinished ? 'finished' : 'unfinished', statementsDone: Number(rows[0]?.['statements_done'] ?? 0) };
  }

  learn(statementsDone: number): void {
    this.saved = statementsDone;
    this.current = undefined;
  }

  private settle(opened: Opened): void {
    this.current = opened.transaction;
    if (opened.ledger === 'changed' || !opened.asExpected) throw takenOver(this.step);
  }

  private async commit(sql: string): Promise<void> {
    if (this.current) this.current.commit = 'sent';
    this.session.progress.own = 'COMMIT';
    await this.send(sql);
    this.current = undefined;
  }

  private async send(sql: string): Promise<void> {
    await this.session.client.query(sql).catch((error: unknown) => {
      throw messageOf(error).includes(notOurs) ? takenOver(this.step) : error;
    });
  }

  private advance(sql: string, parameters: unknown): void {
    this.pass(sql, parameters);
    this.saved = this.count;
    this.current = undefined;
  }

  private counted(sql: string, parameters: unknown): string {
    const hash = this.next(sql, parameters);
    return this.changed(`statements_done = ${this.count + 1}, statements_hash = '${hash}', in_doubt = NULL`);
  }

  private changed(changes: string): string {
    const { log } = this.context.tables;
    return `WITH changed AS (UPDATE ${log} SET ${changes} WHERE ${this.mine()} AND statements_done = ${this.saved} RETURNING 1)
      SELECT ${onlyIf('EXISTS (SELECT FROM changed)')}`;
  }

  private isOurs(): string {
    return `EXISTS (SELECT FROM ${this.context.tables.log} WHERE ${this.mine()} AND statements_done = ${this.saved})`;
  }

  /** Containers may have the same host name and pid, but each process that has taken the lock has a new batch number. */
  private mine(): string {
    return `id = ${this.id} AND state = 'started' AND batch = ${this.context.batch} AND host = ${quoteLiteral(ownHost)} AND pid = ${process.pid}`;
  }

  private next(sql: string, parameters: unknown): string {
    return chained(this.hash, sql, parameters);
  }
}

/** The hash of a sequence of statements, extended by one. */
export function chained(hash: string, sql: string, parameters: unknown): string {
  return createHash('sha256')
    .update(`${hash}\0${sql}\0${JSON.stringify(parameters ?? [])}`)
    .digest('hex')
    .slice(0, 32);
}

/** SQL that fails unless the condition holds, and with it the whole message, including the COMMIT. */
function onlyIf(condition: string): string {
  return `(CASE WHEN ${condition} THEN '1' ELSE '${notOurs}' END)::int`;
}

export function takenOver({ migration: { name } }: DirectedMigration): MigrateError {
  return new MigrateError({
    code: 'LOCK_LOST',
    message: `Another process has continued migration ${name}: ledger and log have changed since this process wrote to them. This process executes no further statements of it.`,
    next: 'Look at `nest-migrate status`, then run the command again.',
    migration: name,
  });
}
