import type { AppliedMigration, StatusResult } from '../commands/contract.js';
import { many, showDuration } from './io.js';
import type { Paint } from './io.js';

/** The table that `status` prints: applied, pending, and what is odd. */
export function statusLines(result: StatusResult, paint: Paint): readonly string[] {
  const { applied, pending, problems } = result;
  const width = Math.max(0, ...[...applied, ...pending].map(({ name }) => name.length));
  const lines = applied.map((migration) =>
    `${paint.green('✔')} ${migration.name.padEnd(width)}  ${paint.dim(appliedWhen(migration))}`.trimEnd(),
  );
  lines.push(...pending.map(({ name }) => `${paint.yellow('○')} ${name.padEnd(width)}  ${paint.yellow('pending')}`));
  // That a pattern matches nothing has been said while the files were listed.
  const odd = problems.filter(({ code }) => code !== 'NO_FILES');
  if (odd.length > 0) lines.push('', ...odd.map(({ message }) => `${paint.yellow('!')} ${message}`));
  if (lines.length > 0) lines.push('');
  const last = applied.at(-1);
  lines.push(
    `${many(applied.length, 'migration')} applied${last ? `, the last one is ${last.name}` : ''}; ${pending.length === 0 ? 'nothing is pending' : `${pending.length} pending: nest-migrate run`}.`,
  );
  return lines;
}

function appliedWhen({ appliedAt, durationMs }: AppliedMigration): string {
  if (appliedAt === null) return 'applied by TypeORM';
  return `${appliedAt.slice(0, 19).replace('T', ' ')} UTC${durationMs === null ? '' : `  ${showDuration(durationMs)}`}`;
}
