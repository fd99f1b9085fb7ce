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
    // Unlike `reltuples`, the planner also has an estimate for a table that was never analysed, from its size.
    const [row = {}] = await ask(`EXPLAIN (FORMAT JSON) SELECT FROM ${table}`);
    const [{ Plan: plan } = {}] = row['QUERY PLAN'] as readonly { readonly Plan?: { readonly 'Plan Rows': number } }[];
    return new BackfillProgress(table, plan?.['Plan Rows'] ?? 0, before, before);
  }

  get rows(): number {
    return this.done;
  }

  /** Other processes see the name while the transaction of a batch is open. */
  get setName(): string {
    const work = this.work('under way');
    const { rate = 0 } = paceOf(work, this.beforeThat, this.elapsedMs);
    return `SET LOCAL application_name = ${quoteLiteral(nameInRows(work.done, work.total, rate, this.table))}`;
  }

  /** Counts a committed batch, and reports the progress from time to time. */
  add(rows: number, state: 'under way' | 'over', migration: string, onEvent: EventListener): void {
    this.done += rows;
    if (performance.now() - this.told < tellEveryMs && state === 'under way') return;
    this.told = performance.now();
    const [work, elapsedMs] = [this.work(state), this.elapsedMs];
    const pace = { ...paceOf(work, this.beforeThat, elapsedMs), ...(state === 'over' && { leftMs: 0 }) };
    onEvent({ type: 'progress', migration, ...work, elapsedMs, ...pace });
  }

  private get beforeThat(): Pick<Work, 'done' | 'rows'> {
    return { done: this.before, rows: this.before };
  }

  private get elapsedMs(): number {
    return performance.now() - this.started;
  }

  private work(state: 'under way' | 'over'): Work {
    const { done, estimate } = this;
    const work = { what: `backfill of ${this.table}`, done, unit: 'rows' as const };
    if (state === 'over') return { ...work, total: done };
    // There are more rows than estimated, so it is not known how many.
    return done < estimate ? { ...work, total: estimate } : { ...work, total: 0, rows: done };
  }
}
