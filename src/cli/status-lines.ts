import type { AppliedMigration, PendingMigration, StatusResult } from '../commands/contract.js';
import type { Due } from '../events.js';
import { many, showDuration } from './io.js';
import type { Paint } from './io.js';

/** The table that `status` prints: applied, pending, and what is odd. */
export function statusLines(result: StatusResult, paint: Paint): readonly string[] {
  const { applied, pending, problems } = result;
  const width = Math.max(0, ...[...applied, ...pending].map(({ name }) => name.length));
  const lines = applied.map((migration) =>
    `${paint.green('✔')} ${migration.name.padEnd(width)}  ${paint.dim(appliedWhen(migration))}`.trimEnd(),
  );
  lines.push(
    ...pending.map((migration) => {
      const text = migration.due ? paint.dim(`deferred, ${waitsFor[migration.due]}`) : paint.yellow('pending');
      return `${migration.deferred ? paint.dim('◌') : paint.yellow('○')} ${migration.name.padEnd(width)}  ${text}`;
    }),
  );
  // That a pattern matches nothing has been said while the files were listed.
  const odd = problems.filter(({ code }) => code !== 'NO_FILES');
  if (odd.length > 0) lines.push('', ...odd.map(({ message }) => `${paint.yellow('!')} ${message}`));
  if (lines.length > 0) lines.push('');
  const last = applied.at(-1);
  lines.push(
    `${many(applied.length, 'migration')} applied${last ? `, the last one is ${last.name}` : ''}; ${toRun(pending)}.`,
  );
  return lines;
}

/** What a deferred migration waits for. */
export const waitsFor: Readonly<Record<Due, string>> = {
  'next deploy': 'waits for the next deploy',
  manual: 'waits for: nest-migrate run --phase contract',
  'next run': 'waits for: nest-migrate run',
};

function toRun(pending: readonly PendingMigration[]): string {
  const now = pending.filter(({ deferred, due }) => !deferred || due === 'next run').length;
  const later = pending.length - now;
  const what = now === 0 ? 'nothing is pending' : `${now} pending: nest-migrate run`;
  return later === 0 ? what : `${later} deferred; ${what}`;
}

function appliedWhen({ appliedAt, durationMs }: AppliedMigration): string {
  if (appliedAt === null) return 'applied by TypeORM';
  return `${appliedAt.slice(0, 19).replace('T', ' ')} UTC${durationMs === null ? '' : `  ${showDuration(durationMs)}`}`;
}
