import type { EventListener } from '../events.js';
import { nameInRows, quoteLiteral } from '../sql/index.js';
import type { Ask } from './batches.js';
import { paceOf } from './pace.js';
import type { Work } from './work.js';

const tellEveryMs = 1000;

/** The number of rows of a table that a backfill has looked at, reported to this process and to others. */
export class BackfillProgress {
  private readonly started = performance.now();
  private told = -Infinity;

  private constructor(
    private readonly table: string,
    private readonly estimate: number,
    /** The work of an earlier attempt. */
    private readonly before: number,
    private done: number,
  ) {}

  static async of(table: string, before: number, ask: Ask): Promise<BackfillProgress> {
    const [{ estimate } = {}] = await ask(
      `SELECT greatest(reltuples, 0)::float8 AS estimate FROM pg_class WHERE oid = ${quoteLiteral(table)}::regclass`,
    );
    return new BackfillProgress(table, Number(estimate ?? 0), before, before);
  }

  get rows(): number {
    return this.done;
  }

  /** Other processes see the name while the transaction of a batch is open. */
  get setName(): string {
    const work = this.work('under way');
    const { rate = 0 } = paceOf(work, { done: this.before }, this.elapsedMs);
    return `SET LOCAL application_name = ${quoteLiteral(nameInRows(work.done, work.total, rate, this.table))}`;
  }

  /** Counts a committed batch, and reports the progress from time to time. */
  add(rows: number, state: 'under way' | 'over', migration: string, onEvent: EventListener): void {
    this.done += rows;
    if (performance.now() - this.told < tellEveryMs && state === 'under way') return;
    this.told = performance.now();
    const [work, elapsedMs] = [this.work(state), this.elapsedMs];
    const pace = { ...paceOf(work, { done: this.before }, elapsedMs), ...(state === 'over' && { leftMs: 0 }) };
    onEvent({ type: 'progress', migration, ...work, elapsedMs, ...pace });
  }

  private get elapsedMs(): number {
    return performance.now() - this.started;
  }

  private work(state: 'under way' | 'over'): Work {
    const { done, estimate } = this;
    const total = state === 'over' ? done : Math.max(estimate, done);
    return { what: `backfill of ${this.table}`, done, total, unit: 'rows' };
  }
}
