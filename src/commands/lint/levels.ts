import { ExitCode, MigrateError } from '../../errors.js';
import type { LintSettings } from '../../options.js';
import type { Rule, Severity } from '../../rules/rule.js';

export type Level = Severity | 'off';
/** How severe each rule is taken here. */
export type Levels = ReadonlyMap<string, Level>;

const known: readonly string[] = ['error', 'warning', 'notice', 'off'] satisfies readonly Level[];

/** The rules' own severities, what the settings say before them, and what the flags say before those. */
export function levelsOf(
  rules: readonly Rule[],
  settings: LintSettings | undefined,
  flags: readonly string[] = [],
): Levels {
  const levels = new Map<string, Level>(
    rules.map(({ name, severity, optional }) => [name, optional ? 'off' : severity]),
  );
  const given = [
    ...Object.entries(settings?.rules ?? {}),
    ...flags.map((flag) => flag.split('=', 2) as [string, string | undefined]),
  ];
  const problems = given.flatMap(([name, level]) => {
    if (!levels.has(name)) return [`there is no rule "${name}"${closest(name, [...levels.keys()])}`];
    if (level === undefined || !known.includes(level))
      return [`"${name}" must be one of ${known.join(', ')}, but is ${JSON.stringify(level) ?? 'not said'}`];
    levels.set(name, level as Level);
    return [];
  });
  if (problems.length === 0) return levels;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `What is said of the rules is not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    next: 'Correct it in the settings (lint.rules) or in the flags: --rule create-index-blocking=off. docs/rules.md lists them.',
    exitCode: ExitCode.usage,
  });
}

/** One that shares a word with it. */
export function closest(name: string, names: readonly string[]): string {
  const words = new Set(name.split('-'));
  const shared = (other: string): number => other.split('-').filter((word) => words.has(word)).length;
  const best = names.toSorted((a, b) => shared(b) - shared(a))[0];
  return best !== undefined && shared(best) > 0 ? `; did you mean ${best}?` : '';
}
