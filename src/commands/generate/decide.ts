import { ExitCode, MigrateError } from '../../errors.js';
import type { Change } from '../../schema/compare.js';
import type { Schema } from '../../schema/read.js';
import { columnPath } from '../../plan/context.js';
import type { Decisions, PlanContext } from '../../plan/context.js';
import { needsBackfill } from '../../plan/recipes/columns.js';
import type { GenerateOptions } from './contract.js';

interface Question {
  readonly from: Schema;
  readonly to: Schema;
  readonly options: GenerateOptions;
}

/** What no tool can know, from flags, or asked at a terminal; or else it ends here and says what to type. */
export async function decide(changes: readonly Change[], { from, to, options }: Question): Promise<Decisions> {
  const backfill = pairs(options.backfills, '--backfill');
  const decisions: Decisions = {
    backfill,
    using: pairs(options.usings, '--using'),
    storedTimezone: options.storedTimezone,
  };
  const context: PlanContext = { from, to, decisions, targetVersion: 15, tryType: () => 'free' };
  const open = changes.flatMap((change) => needsBackfill(change, context) ?? []);
  for (const column of open) {
    const path = columnPath(column);
    const type = String(to.get(column)?.is['type']);
    if (options.ask === undefined) continue;
    const answer = await options.ask.text(
      `${path} is NOT NULL and has no default. Which value do the rows get that are there? (SQL, ${type})`,
    );
    if (answer.trim() !== '') backfill.set(path, answer);
  }
  const unanswered = open.filter((column) => !backfill.has(columnPath(column)));
  if (unanswered.length === 0) return decisions;
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: unanswered
      .map(
        (column) =>
          `${columnPath(column)} is new, NOT NULL and without a default: which value do the rows get that are there? Nothing was written.`,
      )
      .join('\n'),
    next: unanswered
      .map(
        (column) =>
          `--backfill "${columnPath(column)}=${example(String(to.get(column)?.is['type']))}" (any SQL expression; it may use the other columns)`,
      )
      .join('\n'),
    exitCode: ExitCode.todo,
  });
}

function example(type: string): string {
  if (/int|numeric|double|real/.test(type)) return '0';
  if (/bool/.test(type)) return 'false';
  if (/time|date/.test(type)) return 'now()';
  return "'…'";
}

export function pairs(given: readonly string[] = [], flag: string): Map<string, string> {
  return new Map(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at > 0 && text.slice(0, at).includes('.') && at < text.length - 1)
        return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      throw new MigrateError({
        code: 'USAGE',
        message: `${flag} must be <table>.<column>=<expression>, but is "${text}".`,
        next: `For example: ${flag} "users.country='DE'"`,
        exitCode: ExitCode.usage,
      });
    }),
  );
}
