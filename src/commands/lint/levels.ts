import { ExitCode, MigrateError } from '../../errors.js';
import type { LintSettings } from '../../options.js';
import type { Problem, Rule, Severity } from '../../rules/rule.js';

export type Level = Severity | 'off';
/** The levels of rules that differ from the rules' own. */
export type Levels = ReadonlyMap<string, Level>;

const known: readonly string[] = ['error', 'warning', 'notice', 'off'] satisfies readonly Level[];

/** Flags override the settings. */
export function levelsOf(
  rules: readonly Rule[],
  settings: LintSettings | undefined,
  flags: readonly string[] = [],
): Levels {
  const names = rules.map(({ name }) => name);
  const levels = new Map<string, Level>();
  const given = [
    ...Object.entries(settings?.rules ?? {}),
    ...flags.map((flag) => flag.split('=', 2) as [string, string | undefined]),
  ];
  const problems = given.flatMap(([name, level]) => {
    if (!names.includes(name)) return [`there is no rule "${name}"${closest(name, names)}`];
    if (level === undefined || !known.includes(level))
      return [`"${name}" must be one of ${known.join(', ')}, but is ${JSON.stringify(level) ?? 'missing'}`];
    levels.set(name, level as Level);
    return [];
  });
  if (problems.length === 0) return levels;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The rule settings are invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    next: 'Correct the settings (lint.rules) or the flags, for example --rule create-index-blocking=off. nest-migrate help rules lists the rules.',
    exitCode: ExitCode.usage,
  });
}

export function levelOf(rule: Rule, problem: Pick<Problem, 'severity'>, levels: Levels): Level {
  return levels.get(rule.name) ?? (rule.optional ? 'off' : (problem.severity ?? rule.severity));
}

/** A name that shares a word with this one. */
export function closest(name: string, names: readonly string[]): string {
  const words = new Set(name.split('-'));
  const shared = (other: string): number => other.split('-').filter((word) => words.has(word)).length;
  const best = names.toSorted((a, b) => shared(b) - shared(a))[0];
  return best !== undefined && shared(best) > 0 ? `; did you mean ${best}?` : '';
}
