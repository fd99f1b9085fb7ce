import type { JudgedMigration, Rule } from '../../rules/rule.js';
import { closest } from './levels.js';
import { shown } from './choose.js';
import type { Finding, LintResult } from './types.js';
import type { Ignore, LocatedSource } from './source.js';

interface Suppressed {
  readonly findings: readonly Finding[];
  readonly ignores: LintResult['ignored'];
}

/** Removes findings that comments in the file ignore. A comment that gives no reason or names no rule is a finding itself. */
export function suppress(
  found: readonly Finding[],
  migration: JudgedMigration,
  { places, ignores }: LocatedSource,
  rules: readonly Rule[],
): Suppressed {
  const names = rules.map(({ name }) => name);
  const wrong = ignores.flatMap((ignore) => wrongIn(ignore, migration, names));
  const valid = ignores.filter(({ reason }) => reason !== '');
  const lines = [...places.values()].toSorted((a, b) => a.line - b.line);
  const covers = (ignore: Ignore, finding: Finding): boolean => {
    if (!ignore.rules.includes(finding.rule)) return false;
    if (ignore.scope === 'file') return true;
    // The comment applies to the statement that contains it, or to the next one.
    return lines.find(({ lastLine }) => lastLine >= ignore.line)?.line === finding.line && finding.line !== undefined;
  };
  const ignored = found.flatMap((finding) => {
    const ignore = valid.find((one) => covers(one, finding));
    return ignore ? [{ finding, reason: ignore.reason }] : [];
  });
  const gone = new Set(ignored.map(({ finding }) => finding));
  return {
    findings: [...found.filter((finding) => !gone.has(finding)), ...wrong],
    ignores: ignored.map(({ finding, reason }) => ({ rule: finding.rule, migration: migration.name, reason })),
  };
}

function wrongIn(ignore: Ignore, { name, file }: JudgedMigration, names: readonly string[]): readonly Finding[] {
  const about = {
    rule: 'ignore-comment',
    severity: 'error' as const,
    migration: name,
    ...(file !== undefined && { file: shown(file) }),
    line: ignore.line,
  };
  const unknown = ignore.rules.filter((rule) => !names.includes(rule));
  return [
    ...unknown.map((rule) => ({ ...about, message: `There is no rule "${rule}"${closest(rule, names)}.` })),
    ...(ignore.reason === ''
      ? [
          {
            ...about,
            message: 'Say in the comment why this can be ignored.',
            fix: `-- nest-migrate-ignore ${ignore.rules.join(', ')}: why it does no harm here`,
          },
        ]
      : []),
  ];
}
