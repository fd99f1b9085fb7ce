import type {
  AppliedMigration,
  ForeignMigration,
  NewerMigration,
  PendingMigration,
  ReadOnlyReason,
  RunningMigration,
  StatusChange,
  StatusResult,
} from '../commands/types.js';
import { describeBlocker, endOf, howFar } from '../events.js';
import type { Due } from '../events.js';
import { many, showDuration } from './io.js';
import type { Paint } from './io.js';

/** The table that `status` prints: applied changes, pending changes, and problems. */
export function statusLines(result: StatusResult, paint: Paint): readonly string[] {
  const { applied, pending, changes, newer, foreign, problems, running = [], readOnly } = result;
  const rows = [...applied.map((one) => appliedRow(one, paint)), ...pending.map((one) => pendingRow(one, paint))];
  const lines = layOut(inChanges(rows, changes, paint));
  // A pattern that matches nothing has already been reported while the files were listed.
  const odd = problems.filter(({ code }) => code !== 'NO_FILES');
  if (odd.length > 0) lines.push('', ...odd.map(({ message }) => `${paint.yellow('!')} ${message}`));
  // Where nothing is left to do, it makes no difference.
  const blocked = pending.length > 0 || odd.length > 0 ? readOnly : undefined;
  if (blocked) lines.push('', `${paint.yellow('!')} ${blocked.message}`, `${paint.dim('→')} ${blocked.next}`);
  if (running.length > 0)
    lines.push('', ...running.flatMap((one) => [paint.bold(runningLine(one)), ...blockerLines(one, paint)]));
  if (lines.length > 0) lines.push('');
  const last = applied.at(-1);
  lines.push(
    `${many(applied.length, 'migration')} applied${last ? ` (last: ${last.name})` : ''}; ${toRun(pending, blocked)}.`,
    ...newerLines(newer),
    ...foreignLines(foreign),
  );
  return lines;
}

function runningLine({ name, direction, what, ...work }: RunningMigration): string {
  return `▶ ${name} is being ${direction === 'up' ? 'applied' : 'reverted'}: ${what}${howFar(work, showDuration)}`;
}

function blockerLines({ blockers = [] }: RunningMigration, paint: Paint): readonly string[] {
  if (blockers.length === 0) return [];
  return [
    paint.yellow('  It waits for a lock:'),
    ...blockers.flatMap((one) => [
      paint.yellow(`    ${describeBlocker(one, showDuration)}`),
      paint.dim(`      to end it: ${endOf(one)}`),
    ]),
  ];
}

/** After a deploy was rolled back, this is the expected state. */
function newerLines(newer: readonly NewerMigration[]): readonly string[] {
  if (newer.length === 0) return [];
  const them = newer.length === 1 ? 'it' : 'them';
  return [
    `Newer than every file here: ${newer.map(({ name }) => name).join(', ')}. A newer deploy or another branch has applied ${them}.`,
    revertibleLine(newer),
  ];
}

function revertibleLine(newer: readonly NewerMigration[]): string {
  const lost = newer.filter(({ revertible }) => !revertible).map(({ name }) => name);
  if (lost.length === 0) return 'The statements that revert them are kept in the database: nest-migrate revert';
  return `Cannot be reverted, because there is no file: ${lost.join(', ')}.`;
}

function foreignLines(foreign: readonly ForeignMigration[]): readonly string[] {
  const services = [...new Set(foreign.map(({ service }) => service))];
  const counts = services.map((service) => {
    const own = foreign.filter((one) => one.service === service);
    return `${many(own.length, 'migration')} of ${service}`;
  });
  return counts.length === 0 ? [] : [`Also in this ledger, from other services: ${counts.join(', ')}.`];
}

interface Row {
  readonly name: string;
  readonly sign: string;
  readonly text: string;
  readonly applied?: AppliedMigration;
  /** Whether the migration is shown below its change. */
  readonly isInside?: true;
}

function appliedRow(migration: AppliedMigration, paint: Paint): Row {
  return { name: migration.name, sign: paint.green('✔'), text: paint.dim(appliedWhen(migration)), applied: migration };
}

function pendingRow({ name, deferred, due }: PendingMigration, paint: Paint): Row {
  const text = due ? paint.dim(`deferred, ${waitsFor[due]}`) : paint.yellow('pending');
  return { name, sign: deferred ? paint.dim('◌') : paint.yellow('○'), text };
}

/** A change with several migrations is one row, and lists them if they are not all in the same state. */
function inChanges(rows: readonly Row[], changes: readonly StatusChange[], paint: Paint): readonly Row[] {
  const several = new Map(
    changes.flatMap((change) =>
      change.migrations.length === 1 ? [] : change.migrations.map((name) => [name, change] as const),
    ),
  );
  return rows.flatMap((row) => {
    const change = several.get(row.name);
    if (change === undefined) return [row];
    const own = rows.filter(({ name }) => several.get(name) === change);
    // The row is in the place of the first of them.
    if (own[0] !== row) return [];
    const { name, migrations } = change;
    const done = own.flatMap(({ applied }) => applied ?? []);
    if (new Set(own.map(({ sign }) => sign)).size > 1) {
      const text = paint.yellow(`${done.length} of ${migrations.length} steps applied`);
      return [{ name, sign: paint.yellow('◐'), text }, ...own.map((one) => ({ ...one, isInside: true as const }))];
    }
    const steps = paint.dim(`  (${migrations.length} steps)`);
    const last = done.at(-1);
    const text = last === undefined ? row.text : paint.dim(appliedWhen({ ...last, durationMs: total(done) }));
    return [{ ...row, name, text: text + steps }];
  });
}

function total(applied: readonly AppliedMigration[]): number | null {
  const durations = applied.map(({ durationMs }) => durationMs);
  return durations.includes(null) ? null : durations.reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
}

function layOut(rows: readonly Row[]): string[] {
  const indent = ({ isInside }: Row): string => (isInside ? '  ' : '');
  const width = Math.max(0, ...rows.map((row) => row.name.length + indent(row).length));
  return rows.map((row) =>
    `${indent(row)}${row.sign} ${row.name.padEnd(width - indent(row).length)}  ${row.text}`.trimEnd(),
  );
}

/** What a deferred migration waits for. */
export const waitsFor: Readonly<Record<Due, string>> = {
  'next deploy': 'waits for the next deploy',
  manual: 'waits for: nest-migrate run --phase contract',
  'next run': 'waits for: nest-migrate run',
};

function toRun(pending: readonly PendingMigration[], blocked: ReadOnlyReason | undefined): string {
  const now = pending.filter(({ deferred, due }) => !deferred || due === 'next run').length;
  const later = pending.length - now;
  const what = now === 0 ? 'nothing is pending' : `${now} pending${blocked ? '' : ': nest-migrate run'}`;
  return later === 0 ? what : `${later} deferred; ${what}`;
}

function appliedWhen({ appliedAt, durationMs }: AppliedMigration): string {
  if (appliedAt === null) return 'no time recorded';
  return `${appliedAt.slice(0, 19).replace('T', ' ')} UTC${durationMs === null ? '' : `  ${showDuration(durationMs)}`}`;
}
