import { messageOf } from '../../errors.js';
import type { ObservedMigration } from '../../observe/observe-migration.js';
import { shown } from './choose.js';
import type { Finding } from './contract.js';
import type { LocatedSource } from './source.js';

/** What is said of a migration that failed on the throwaway database: it is never silently passed. */
export function notJudged(
  { migration: { name, file }, statements, error }: ObservedMigration,
  later: number,
  { places }: LocatedSource,
): readonly Finding[] {
  if (error === undefined) return [];
  const last = statements.at(-1);
  const failed = last?.error === undefined ? undefined : last;
  const place = failed && places.get(failed);
  const cause = failed?.error ?? (error as { readonly cause?: unknown }).cause ?? error;
  const position = Number((cause as { readonly position?: unknown }).position);
  const others = later === 0 ? '' : ` The ${later} behind it ${later === 1 ? 'is' : 'are'} not judged either.`;
  return [
    {
      rule: 'cannot-be-judged',
      severity: 'error',
      migration: name,
      ...(file !== undefined && { file: shown(file) }),
      ...(place && { line: place.line, column: place.column }),
      ...(failed && { sql: failed.sql }),
      ...(Number.isFinite(position) && position > 0 && { position: position - 1 }),
      message: `It cannot be judged, because it failed on an empty database: ${messageOf(cause)}.${others}`,
      fix: nextOf(error),
    },
  ];
}

function nextOf(error: unknown): string | undefined {
  const next = (error as { readonly next?: unknown }).next;
  return typeof next === 'string' ? `-- ${next}` : undefined;
}
