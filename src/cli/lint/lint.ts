import type { Finding, LintOptions, LintResult } from '../../commands/lint/types.js';
import { ExitCode, MigrateError } from '../../errors.js';
import { withMigrator } from '../connect.js';
import type { GlobalFlags } from '../flags.js';
import type { Io } from '../io.js';
import { githubLines } from './github.js';
import { humanLines } from './human.js';
import { sarifOf } from './sarif.js';

export interface LintFlags extends Pick<LintOptions, 'since' | 'all' | 'shadow' | 'targetVersion' | 'fix' | 'cache'> {
  readonly format?: 'human' | 'json' | 'github' | 'sarif';
  readonly rule?: readonly string[];
  readonly failOn?: 'error' | 'warning' | 'notice';
}

export async function lint(io: Io, flags: GlobalFlags & LintFlags, files: readonly string[]): Promise<ExitCode> {
  const { since, all, shadow, targetVersion, fix, cache, rule: rules, format = 'human' } = flags;
  if (io.format === 'json' && format !== 'human' && format !== 'json')
    throw new MigrateError({
      code: 'USAGE',
      message: `--json and --format ${format} cannot be used together.`,
      next: `Leave out --json, or --format ${format}.`,
      exitCode: ExitCode.usage,
    });
  const result = await withMigrator(io, flags, (migrator) =>
    migrator.lint({ since, all, files, shadow, targetVersion, fix, cache, rules }),
  );
  io.result(result, () => linesOf(result, format, io));
  const isFixed = ({ migration }: Finding): boolean =>
    (result.fixed ?? []).some((one) => one.migration === migration && one.files.length > 0);
  return result.findings.some((found) => isAtLeast(found.severity, flags.failOn ?? 'error') && !isFixed(found))
    ? ExitCode.todo
    : ExitCode.done;
}

function linesOf(result: LintResult, format: NonNullable<LintFlags['format']>, io: Io): readonly string[] {
  switch (format) {
    case 'human':
      return humanLines(result, io.paint);
    case 'json':
      return [JSON.stringify(result, null, 2)];
    case 'github':
      return githubLines(result);
    case 'sarif':
      return [JSON.stringify(sarifOf(result), null, 2)];
  }
}

const order = ['notice', 'warning', 'error'] as const;

function isAtLeast(severity: (typeof order)[number], least: (typeof order)[number]): boolean {
  return order.indexOf(severity) >= order.indexOf(least);
}
