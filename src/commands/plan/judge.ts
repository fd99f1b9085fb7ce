import { messageOf } from '../../errors.js';
import type { Observed } from '../../observe/observed.js';
import { blockedBy } from '../../observe/relation.js';
import type { Answer } from './ask-live.js';
import type { Refusals } from './ask-server.js';
import type { PlannedMigration, PlannedStatement, ServerNow, Verdict } from './types.js';
import { together } from './duration.js';
import { scansOf, sizeOf } from './estimate.js';
import type { Scale, Weighed } from './estimate.js';
import { leftInvalid } from './invalid-indexes.js';
import type { InvalidIndex } from './invalid-indexes.js';
import type { Tried } from './observe-pending.js';
import type { Promised } from './promised.js';
import { published } from './published.js';
import { mayChangeRows } from './row-changes.js';
import type { RowChange } from './row-changes.js';
import { unseenIn } from './unseen.js';
import { heldNow, waitsOf } from './waits.js';

export interface Evidence {
  readonly scale: Scale;
  readonly now: ServerNow;
  readonly weighed: readonly Weighed[];
  readonly answers: ReadonlyMap<Promised, Answer>;
  /** Statements of the same run before the migration. */
  readonly earlier: readonly Observed[];
  /** Work of the same transaction after the migration. */
  readonly afterwards: readonly Weighed[];
  readonly unlike: readonly InvalidIndex[];
  readonly refusals: Refusals;
  /** Why it failed on the copy although it need not fail on the live server. */
  readonly onlyOnCopy: string | undefined;
}

/** Judges what a migration will do to the database in its present state. */
export function judge(tried: Tried, evidence: Evidence): PlannedMigration {
  const { migration } = tried;
  const { weighed, afterwards, scale, now, refusals, onlyOnCopy } = evidence;
  const [broken, open] = promises(tried, evidence);
  const [left, unfinished] = leftBehind(tried, now);
  const waits = waitsOf(weighed, afterwards, scale);
  const replicated = published(tried, scale, Number.parseInt(now.version, 10));
  const fails = [
    ...(onlyOnCopy === undefined ? failure(tried) : []),
    ...refusals.certain.map(refused),
    ...replicated.fails,
    ...broken,
    ...left,
  ];
  const blocks = [...waits.certain, ...heldNow(weighed, now)];
  const notKnown = [
    ...waits.notKnown,
    ...refusals.notKnown.map(perhapsRefused),
    ...open,
    ...unfinished,
    ...unseen(tried),
    ...unlike(tried, evidence),
  ];
  const isDecided = fails.length + blocks.length > 0;
  const unjudged = onlyOnCopy === undefined ? [] : [onlyOnCopy];
  const statements = weighed.map((one) => plannedStatement(one, scale));
  return {
    name: migration.name,
    phase: migration.phase,
    verdict: verdictOf(fails, blocks, unjudged, notKnown),
    why: [...fails, ...blocks, ...unjudged, ...(isDecided ? [] : notKnown)],
    remarks: [...(isDecided ? notKnown : []), ...replicated.remarks],
    statements,
    seconds: together(weighed.map(({ seconds }) => seconds)) ?? null,
  };
}

function verdictOf(...[fails, blocks, unjudged, notKnown]: readonly (readonly string[])[]): Verdict {
  if (fails?.length) return 'will fail';
  if (blocks?.length) return 'will block';
  if (unjudged?.length) return 'cannot be judged';
  return notKnown?.length ? 'not known' : 'safe now';
}

function failure({ error }: Tried): readonly string[] {
  if (error === undefined) return [];
  return [`It fails: ${messageOf((error as { readonly cause?: unknown }).cause ?? error)}.`];
}

function refused(reason: string): string {
  return `The server refuses this statement: ${reason}.`;
}

function perhapsRefused(reason: string): string {
  return `At present, the server would refuse this statement: ${reason}. An earlier statement changes roles or privileges, so the outcome is not known.`;
}

/** The conditions that rows violate now, and the ones that are unknown because the run itself changes the rows first. */
function promises(
  { statements }: Tried,
  { answers, earlier }: Evidence,
): readonly [broken: readonly string[], open: readonly string[]] {
  const broken: string[] = [];
  const open: string[] = [];
  for (const [{ what, table, columns, by, isSettled = false }, answer] of answers) {
    const own = by ? statements.slice(0, statements.indexOf(by)) : statements;
    const isChanged =
      !isSettled && [...earlier, ...own].some((statement) => mayChangeRows(statement, table.oid, columns));
    if (typeof answer === 'object') open.push(`Requires that ${what}: not known, because ${answer.notKnown}.`);
    else if (isChanged)
      open.push(
        `Requires that ${what}. This is ${answer === 'kept' ? 'true' : 'not true'} now, but earlier statements change rows, so the outcome is not known.`,
      );
    else if (answer === 'broken') broken.push(`Requires that ${what}, which is not the case.`);
  }
  return [broken, open];
}

function leftBehind(
  { statements }: Tried,
  { indexesBeingBuilt }: ServerNow,
): readonly [left: readonly string[], unfinished: readonly string[]] {
  const found = statements.flatMap((statement) => leftInvalid(statement) ?? []);
  const isBeingBuilt = ({ index }: { readonly index: string }): boolean => indexesBeingBuilt.includes(index);
  return [
    found.filter((one) => !isBeingBuilt(one)).map(({ message }) => message),
    found
      .filter(isBeingBuilt)
      .map(({ index }) => `${index} is being built right now, and may turn out invalid: not known.`),
  ];
}

function unseen({ migration, statements }: Tried): readonly string[] {
  const isClass = migration.checksum === undefined;
  return [...new Set(statements.flatMap((statement) => unseenIn(statement, isClass) ?? []))];
}

/** If the shadow could not reproduce an invalid index, statements that rely on it were judged as if it were valid. */
function unlike({ statements }: Tried, { unlike: indexes }: Evidence): readonly string[] {
  const used = new Set(
    statements.flatMap(({ tables }) => [...tables.values()].map(({ schema, name }) => `${schema}.${name}`)),
  );
  return indexes
    .filter(({ table }) => used.has(table))
    .map(
      ({ schema, name }) =>
        `${schema}.${name} is invalid. Only a superuser of the shadow could make it invalid there too, so the effect on statements that rely on it is not known.`,
    );
}

function plannedStatement({ statement, explained, changes, seconds }: Weighed, scale: Scale): PlannedStatement {
  const name = ({ schema, name: own }: { readonly schema: string; readonly name: string }): string =>
    `${schema}.${own}`;
  return {
    sql: statement.sql,
    locks: statement.locks
      .filter(({ relation, mode }) => relation.kind !== 'index' && blockedBy(mode) !== 'nothing')
      .map(({ relation, mode }) => ({ table: name(relation), mode, blocks: blockedBy(mode) })),
    scans: scansOf(statement, explained),
    rewrites: statement.rewrites.map(name),
    builds: statement.builds.map(name),
    changes: changes.map((change) => ({ table: name(change.table), rows: countOf(change, scale) })),
    seconds: seconds ?? null,
    ...(explained && 'node' in explained
      ? { explained: { rows: explained.rows, cost: explained.cost, node: explained.node } }
      : {}),
  };
}

function countOf({ table, rows }: RowChange, scale: Scale): number | null {
  if (rows === 'all') return sizeOf(table, scale)?.rows ?? null;
  return typeof rows === 'number' ? rows : null;
}
