import { blockedBy } from '../../observe/relation.js';
import { together } from './duration.js';
import type { Seconds, ServerNow } from './types.js';
import { blocking, sizeOf, sum } from './estimate.js';
import type { Scale, Weighed } from './estimate.js';
import type { RowChange } from './row-changes.js';

/**
 * The bytes read from which a wait is noticeable. It is based on size rather than time, so that the same plan gives the same result twice.
 */
const noticeable = 16e6;

/** The waits that a migration causes: the certain ones, and the ones that depend on something the live database could not tell. */
export interface Waits {
  readonly certain: readonly string[];
  readonly notKnown: readonly string[];
}

/** Locks are held until the end of their transaction, which may contain other migrations: `afterwards` is their work. */
export function waitsOf(weighed: readonly Weighed[], afterwards: readonly Weighed[], scale: Scale): Waits {
  const tables = tableWaits(weighed, afterwards);
  const rows = [...rowWaits(weighed, afterwards)].flatMap(([table, wait]) => (tables.has(table) ? [] : [wait]));
  return {
    certain: [
      ...[...tables].map(([table, { who, waited }]) => `${capital(who)} on ${table} wait ${forHowLong(waited)}.`),
      ...rows.filter((wait) => typeof wait.rows !== 'object').map((wait) => rowsWait(wait, scale)),
    ],
    notKnown: rows.filter((wait) => typeof wait.rows === 'object').map((wait) => rowsMayWait(wait, scale)),
  };
}

interface TableWait {
  readonly who: ReturnType<typeof blockedBy>;
  readonly bytes: number;
  readonly waited: readonly (Seconds | undefined)[];
}

function tableWaits(weighed: readonly Weighed[], afterwards: readonly Weighed[]): ReadonlyMap<string, TableWait> {
  const waits = new Map<string, TableWait>();
  const later = workOfAll(afterwards);
  for (const { statement, work, seconds } of weighed) {
    if (statement.transaction === undefined) continue;
    for (const { relation, mode } of blocking([...statement.held, ...statement.locks])) {
      const key = `${relation.schema}.${relation.name}`;
      const { who, bytes, waited } = waits.get(key) ?? { who: blockedBy(mode), ...later };
      waits.set(key, {
        who: who === 'reads and writes' ? who : blockedBy(mode),
        bytes: bytes + work,
        waited: [...waited, seconds],
      });
    }
  }
  return new Map([...waits].filter(([, { bytes }]) => bytes >= noticeable));
}

interface RowWait extends RowChange {
  readonly bytes: number;
  readonly waited: readonly (Seconds | undefined)[];
}

function workOfAll(weighed: readonly Weighed[]): Pick<RowWait, 'bytes' | 'waited'> {
  return { bytes: sum(weighed.map(({ work }) => work)), waited: weighed.map(({ seconds }) => seconds) };
}

/** A changed row is locked until the end of the transaction: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS */
function rowWaits(weighed: readonly Weighed[], afterwards: readonly Weighed[]): ReadonlyMap<string, RowWait> {
  const waits = new Map<string, RowWait>();
  for (const [index, { statement, changes }] of weighed.entries()) {
    const rest = weighed.slice(index).filter((one) => one.statement.transaction === statement.transaction);
    const { bytes, waited } = workOfAll([...rest, ...afterwards]);
    if (statement.transaction === undefined || bytes < noticeable) continue;
    for (const { table, rows } of changes) {
      // A statement that changes no existing row locks none.
      if (rows === 0) continue;
      const key = `${table.schema}.${table.name}`;
      const earlier = waits.get(key);
      waits.set(key, {
        table,
        rows: earlier ? changedTogether(earlier.rows, rows) : rows,
        ...(earlier && earlier.bytes > bytes ? { bytes: earlier.bytes, waited: earlier.waited } : { bytes, waited }),
      });
    }
  }
  return waits;
}

function changedTogether(one: RowChange['rows'], other: RowChange['rows']): RowChange['rows'] {
  if (typeof one === 'number' && typeof other === 'number') return one + other;
  if (one === 'all' || other === 'all') return 'all';
  return typeof one === 'object' ? one : other;
}

const advice =
  'Change them in batches of a few thousand rows, each in its own transaction: nest-migrate lint shows how.';

function rowsWait({ table, rows, waited }: RowWait, scale: Scale): string {
  const name = `${table.schema}.${table.name}`;
  const all = sizeOf(table, scale)?.rows ?? null;
  const waits = `change in one transaction: other writers of these rows wait until it commits, ${forHowLong(waited)}. ${advice}`;
  if (typeof rows !== 'number')
    return `All rows of ${name}, ${all === null ? 'not counted yet' : `about ${shownNumber(all)}`}, ${waits}`;
  return `About ${shownNumber(Math.min(rows, all ?? rows))} of about ${shownNumber(all ?? rows)} rows of ${name} ${waits}`;
}

function rowsMayWait({ table, rows }: RowWait, scale: Scale): string {
  const all = sizeOf(table, scale)?.rows ?? null;
  const of = all === null ? 'the rows' : `about ${shownNumber(all)} rows`;
  const because = typeof rows === 'object' ? ` (${rows.unknownBecause})` : '';
  return `How many of ${of} of ${table.schema}.${table.name} change is not known${because}: other writers of these rows wait until the transaction commits. ${advice}`;
}

/**
 * Sessions that have used a table for long: a statement that needs a strong lock on the table waits for them, and all other queries queue
 * up after that.
 */
export function heldNow(weighed: readonly Weighed[], { sessions }: ServerNow): readonly string[] {
  const needed = new Set(
    weighed
      .flatMap(({ statement }) => blocking(statement.locks))
      .map(({ relation: { schema, name } }) => `${schema}.${name}`),
  );
  return sessions.flatMap(({ pid, application, state, seconds, tables }) =>
    tables
      .filter((table) => needed.has(table))
      .map(
        (table) =>
          `pid ${pid}${application && ` (${application})`} has used ${table} in a transaction for ${shownSeconds(seconds)} (${state}): it must end first.`,
      ),
  );
}

function forHowLong(waited: readonly (Seconds | undefined)[]): string {
  const seconds = together(waited);
  return seconds ? `about ${shownSeconds(seconds.from)} to ${shownSeconds(seconds.to)}` : 'for how long is not known';
}

function shownNumber(rows: number): string {
  return Math.round(rows).toLocaleString('en');
}

function shownSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 120 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
