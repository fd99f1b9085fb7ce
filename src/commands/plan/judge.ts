import { messageOf } from '../../errors.js';
import type { Observed } from '../../observe/observer.js';
import { tagOf } from '../../observe/parser.js';
import { blockedBy } from '../../observe/relation.js';
import type { PlannedMigration, PlannedStatement, ServerNow, Verdict } from './contract.js';
import { blocking, workOf } from './estimate.js';
import type { Scale } from './estimate.js';
import type { Tried } from './observe-pending.js';
import type { Promised } from './promises.js';
import type { Answer } from './ask-live.js';

/** From so much on, somebody notices: as if so many bytes were read. Of the size, not of the time, so that the same plan says the same twice. */
const noticeable = 16e6;

export interface Evidence {
  readonly scale: Scale;
  readonly now: ServerNow;
  readonly answers: ReadonlyMap<Promised, Answer>;
  readonly explained: ReadonlyMap<Observed, PlannedStatement['explained']>;
}

/** What a migration will do to the database as it is now. */
export function judge(tried: Tried, { scale, now, answers, explained }: Evidence): PlannedMigration {
  const { migration, statements, error } = tried;
  const work = statements.map((statement) => workOf(statement, scale, explained.get(statement)));
  const planned = statements.map((statement, index) => ({
    ...plannedStatement(statement, explained.get(statement)),
    seconds: (work[index] ?? 0) / scale.speed,
  }));
  const broken = [...answers].filter(([, answer]) => answer === 'broken').map(([{ what }]) => what);
  const changesRows = statements.some(mayChangeRows);
  const waits = waitsOf(statements, work, scale);
  const held = heldNow(statements, now);
  const fails =
    error === undefined
      ? changesRows
        ? []
        : broken.map((what) => `It needs that ${what}, and that is not so.`)
      : [`It fails: ${messageOf(causeOf(error))}.`];
  const blocks = [...waits, ...held];
  const verdict: Verdict = fails.length > 0 ? 'will fail' : blocks.length > 0 ? 'will block' : 'safe now';
  return {
    name: migration.name,
    phase: migration.phase,
    verdict,
    why: [...fails, ...blocks],
    remarks: [
      ...(changesRows
        ? broken.map((what) => `It needs that ${what}: that is not so now, but it changes rows before.`)
        : []),
      ...[...answers]
        .filter(([, answer]) => answer === 'not known')
        .map(([{ what }]) => `It needs that ${what}: not known, since the question takes long (--deep asks it).`),
    ],
    statements: planned,
    seconds: planned.reduce((total, { seconds }) => total + seconds, 0),
  };
}

/** What such a statement leaves behind, nobody can ask the live database: a column may be filled that is not even there yet. */
function mayChangeRows({ tree }: Observed): boolean {
  const kinds: readonly string[] = ['UpdateStmt', 'DeleteStmt', 'InsertStmt', 'MergeStmt', 'DoStmt', 'CallStmt'];
  return tree !== undefined && kinds.includes(tagOf(tree));
}

function causeOf(error: unknown): unknown {
  return (error as { readonly cause?: unknown }).cause ?? error;
}

function plannedStatement(
  statement: Observed,
  explained: PlannedStatement['explained'],
): Omit<PlannedStatement, 'seconds'> {
  const name = ({ schema, name: own }: { readonly schema: string; readonly name: string }): string =>
    `${schema}.${own}`;
  return {
    sql: statement.sql,
    locks: statement.locks
      .filter(({ relation, mode }) => relation.kind !== 'index' && blockedBy(mode) !== 'nobody')
      .map(({ relation, mode }) => ({ table: name(relation), mode, blocks: blockedBy(mode) })),
    scans: statement.scans.filter(({ isNew }) => !isNew).map(name),
    rewrites: statement.rewrites.map(name),
    builds: statement.builds.map(name),
    ...(explained && { explained }),
  };
}

/** A lock is held to the end of its transaction: whoever needs the table waits for all that comes after it. */
function waitsOf(statements: readonly Observed[], work: readonly number[], { speed }: Scale): readonly string[] {
  const waits = new Map<string, { readonly who: string; bytes: number }>();
  for (const [index, statement] of statements.entries()) {
    for (const { relation, mode } of blocking([...statement.held, ...statement.locks])) {
      if (statement.transaction === undefined) continue;
      const key = `${relation.schema}.${relation.name}`;
      const known = waits.get(key) ?? { who: blockedBy(mode), bytes: 0 };
      known.bytes += work[index] ?? 0;
      waits.set(key, known);
    }
  }
  return [...waits]
    .filter(([, { bytes }]) => bytes >= noticeable)
    .map(([table, { who, bytes }]) => `${capital(who)} of ${table} wait about ${shownSeconds(bytes / speed)}.`);
}

function heldNow(statements: readonly Observed[], { sessions }: ServerNow): readonly string[] {
  const needed = new Set(
    statements.flatMap(({ locks }) => blocking(locks)).map(({ relation: { schema, name } }) => `${schema}.${name}`),
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

function shownSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 120 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
