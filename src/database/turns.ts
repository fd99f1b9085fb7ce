import type { QueryRunner } from 'typeorm';
import { codeOf, markTold } from '../errors.js';
import { interceptQueries } from '../typeorm/query-runner.js';

/** A query that failed, and its number in the migration. */
interface FailedQuery {
  readonly error: unknown;
  readonly sql: string;
  readonly statement: number;
}

/** The queries that a migration had sent without awaiting them when it ended. */
export interface NotAwaited {
  readonly count: number;
  readonly first: string;
}

const inFailedTransaction = '25P02';

/**
 * The queries of one migration, sent one after the other: a connection executes them in that order anyway, and what is sent around each of
 * them (savepoints, counts, queries of an observer) belongs to one query only.
 */
export class Turns {
  /** The query to report: the one that made the transaction fail, rather than a later one that the server refused because of that. */
  failed: FailedQuery | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Set<{ readonly sql: string }>();
  #taken = 0;
  #sent = 0;
  #end: 'none' | 'reached' | { readonly by: unknown } = 'none';

  constructor(private readonly queryRunner: QueryRunner) {}

  /**
   * Does the work of a migration, and waits for queries that it has not awaited (`rows.forEach(async …)`), and for queries that follow such
   * a query. After a failure, none of them is sent any more, because it would be executed after the ROLLBACK.
   */
  async during(work: () => Promise<unknown>): Promise<NotAwaited | undefined> {
    const restore = this.#takeTurns();
    try {
      await work();
      const [first] = this.#waiting;
      const before = this.#taken - this.#waiting.size;
      this.#end = 'reached';
      await this.#allEnded();
      return first && { count: this.#taken - before, first: first.sql };
    } catch (thrown) {
      const error = codeOf(thrown) === inFailedTransaction && this.failed ? this.failed.error : thrown;
      this.#end = { by: error };
      await this.#allEnded().catch(() => undefined);
      throw error;
    } finally {
      restore();
    }
  }

  #takeTurns(): () => void {
    // A subscriber that is notified of a query may send queries itself, in the middle of that one.
    const { subscribers } = this.queryRunner.connection;
    if (subscribers.some((one) => 'beforeQuery' in one || 'afterQuery' in one)) return () => undefined;
    return interceptQueries(this.queryRunner, (sql, given, execute) => this.#take(sql, () => execute(sql, ...given)));
  }

  #take(sql: string, execute: () => Promise<unknown>): Promise<unknown> {
    this.#taken += 1;
    const waiting = { sql };
    this.#waiting.add(waiting);
    const turn = this.#last.then(() => this.#execute(sql, execute)).finally(() => this.#waiting.delete(waiting));
    // Its failure is reported as that of the migration, whether the migration awaits the query or not.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #execute(sql: string, execute: () => Promise<unknown>): Promise<unknown> {
    if (typeof this.#end === 'object') throw this.#end.by;
    const statement = (this.#sent += 1);
    try {
      return await execute();
    } catch (error) {
      markTold(error);
      if (codeOf(error) !== inFailedTransaction) this.failed = { error, sql, statement };
      if (this.#end === 'reached') this.#end = { by: error };
      throw error;
    }
  }

  async #allEnded(): Promise<void> {
    for (let last; last !== this.#last; await new Promise((turn) => setImmediate(turn))) {
      last = this.#last;
      await last;
    }
    if (typeof this.#end === 'object') throw this.#end.by;
  }
}
