import { clauseOf, codeOf } from '../../errors.js';
import type { ObservedMigration } from '../../observe/observe-migration.js';
import type { Rule } from '../../rules/rule.js';
import { shown } from './choose.js';
import type { Finding } from './types.js';
import { withoutComment } from './source.js';
import type { LocatedSource } from './source.js';

/** The report for a migration that failed on the shadow, which never passes silently. */
export function notJudged(
  { migration: { name, file }, statements, error }: ObservedMigration,
  later: number,
  { places }: LocatedSource,
  explained: readonly Finding[],
): readonly Finding[] {
  if (error === undefined) return [];
  const last = statements.at(-1);
  const failed = last?.error === undefined ? undefined : last;
  const why = explained.find(({ sql }) => failed && sql === withoutComment(failed.sql));
  if (why && later === 0) return [];
  const place = failed && places.get(failed);
  const cause = failed?.error ?? (error as { readonly cause?: unknown }).cause ?? error;
  const position = Number((cause as { readonly position?: unknown }).position);
  const others = later === 0 ? '' : ` The ${later} after it ${later === 1 ? 'is' : 'are'} not judged either.`;
  return [
    {
      rule: 'cannot-be-judged',
      severity: 'error',
      migration: name,
      ...(file !== undefined && { file: shown(file) }),
      ...(place && { line: place.line, column: place.column }),
      ...(failed && { sql: withoutComment(failed.sql) }),
      ...(failed && position > 0 && { position: position - 1 - commentBefore(failed.sql) }),
      message: why
        ? `It fails, for the reason that ${why.rule} gives.${others}`
        : `It cannot be judged, because it failed on an empty database: ${clauseOf(cause)}.${others}`,
      ...(!why && { advice: nextOf(error) }),
    },
  ];
}

/** Findings of the rules about a failed statement that the server's error would only repeat. */
export function explainedBy(
  found: readonly Finding[],
  { statements }: ObservedMigration,
  rules: readonly Rule[],
): readonly Finding[] {
  const code = codeOf(statements.at(-1)?.error);
  const explaining = rules.filter(({ explains }) => code !== undefined && explains?.includes(code));
  return found.filter(({ rule }) => explaining.some(({ name }) => name === rule));
}

function commentBefore(sql: string): number {
  return sql.length - withoutComment(sql).length;
}

function nextOf(error: unknown): string | undefined {
  const next = (error as { readonly next?: unknown }).next;
  return typeof next === 'string' ? next.replaceAll(/^/gm, '-- ') : undefined;
}
