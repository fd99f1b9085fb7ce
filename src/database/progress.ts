import { createHash } from 'node:crypto';
import { withoutPasswords } from '../passwords.js';
import type { SqlClient } from './client.js';
import { attemptColumns } from './log.js';
import type { Attempt, HalfDone } from './log.js';
import type { Tables } from './tables.js';
import { quoteLiteral } from '../sql/index.js';

/** An UPDATE then fails (42501), where it would otherwise leave out the rows that a policy hides from the migrating role. */
export const everyRow = 'SET LOCAL row_security = off';

/**
 * How far a migration without a transaction has come, kept in its row of the log: so many statements, and a chained hash of
 * them, so that nobody skips something else than what was done.
 */
export class StepProgress {
  private constructor(
    private readonly client: SqlClient,
    private readonly tables: Tables,
    readonly id: number,
    private hash: string,
    private count: number,
  ) {}

  static async start(client: SqlClient, tables: Tables, attempt: Attempt): Promise<StepProgress> {
    const { names, values } = attemptColumns(attempt);
    const { rows } = await client.query(
      `INSERT INTO ${tables.log} (${names}, state) VALUES (${values}, 'started') RETURNING id::float8 AS id`,
    );
    return new StepProgress(client, tables, Number(rows[0]?.['id']), '', 0);
  }

  /** Goes on with the row of an earlier attempt; counting starts again, since its statements come by again. */
  static async resume(client: SqlClient, tables: Tables, halfDone: HalfDone): Promise<StepProgress> {
    await client.query(
      `UPDATE ${tables.log} SET state = 'started', error = NULL, finished_at = NULL, pid = ${process.pid} WHERE id = ${halfDone.id}`,
    );
    return new StepProgress(client, tables, halfDone.id, '', 0);
  }

  get done(): number {
    return this.count;
  }

  get chain(): string {
    return this.hash;
  }

  /** Counts a statement that need not be executed, because it was done before. */
  skip(sql: string, parameters: unknown): void {
    this.hash = this.next(sql, parameters);
    this.count += 1;
  }

  /** Executes a statement together with the count, in a transaction of their own: done and counted, or neither. */
  async together(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    await this.client.query(`BEGIN; ${everyRow}`);
    try {
      const result = await run();
      await this.client.query(`${this.update(sql, parameters)}; COMMIT`);
      this.skip(sql, parameters);
      return result;
    } catch (error) {
      await this.client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Executes a statement that cannot run in a transaction: until it is counted, it is in doubt. */
  async alone(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    await this.client.query(
      `UPDATE ${this.tables.log} SET in_doubt = ${quoteLiteral(withoutPasswords(sql))} WHERE id = ${this.id}`,
    );
    return this.inside(sql, parameters, run);
  }

  /** Executes a statement inside a transaction that the migration has opened by itself, and counts it there. */
  async inside(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    const result = await run();
    await this.client.query(this.update(sql, parameters));
    this.skip(sql, parameters);
    return result;
  }

  async failed(error: string): Promise<void> {
    await this.client
      .query(
        `UPDATE ${this.tables.log} SET state = 'failed', error = ${quoteLiteral(error)}, finished_at = clock_timestamp() WHERE id = ${this.id}`,
      )
      .catch(() => undefined);
  }

  /** Ledger and log at once: the migration is applied, or reverted. */
  async finish(ledger: string, state: 'applied' | 'reverted'): Promise<void> {
    await this.client.query(
      `WITH done AS (${ledger})
       UPDATE ${this.tables.log} SET state = '${state}', in_doubt = NULL, error = NULL, finished_at = clock_timestamp(),
         duration_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000 WHERE id = ${this.id}`,
    );
  }

  private update(sql: string, parameters: unknown): string {
    return `UPDATE ${this.tables.log} SET statements_done = ${this.count + 1}, statements_hash = '${this.next(sql, parameters)}', in_doubt = NULL WHERE id = ${this.id}`;
  }

  private next(sql: string, parameters: unknown): string {
    return createHash('sha256')
      .update(`${this.hash}\0${sql}\0${JSON.stringify(parameters ?? [])}`)
      .digest('hex')
      .slice(0, 32);
  }
}
