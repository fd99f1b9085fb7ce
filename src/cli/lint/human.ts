import type { Finding, FixedMigration, LintResult } from '../../commands/lint/types.js';
import { moreOn } from '../help-on.js';
import { many } from '../io.js';
import type { Paint } from '../io.js';

/** Findings for people: the position, the problem, the statement, the observations, and the fix. */
export function humanLines(result: LintResult, paint: Paint): readonly string[] {
  const { migrations, findings, ignored, chosen } = result;
  if (migrations === 0) return [`Nothing to lint: no migration is ${chosen}. (--all lints all of them)`];
  const placeOf = ({ file, migration }: Finding): string => file ?? migration;
  const lines = [...new Set(findings.map(placeOf))].flatMap((place) => [
    paint.bold(place),
    ...findings.filter((finding) => placeOf(finding) === place).flatMap((finding) => findingLines(finding, paint)),
    '',
  ]);
  const more = moreOn(findings.map(({ rule }) => rule)).map((line) => paint.dim(line));
  const counts = (['error', 'warning', 'notice'] as const)
    .map((severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => many(count, severity));
  const judged = `${many(migrations, 'migration')} judged (${chosen})`;
  const silenced = ignored.length > 0 ? `, ${many(ignored.length, 'finding')} ignored by a comment` : '';
  return [
    ...lines,
    ...(more.length > 0 ? [...more, ''] : []),
    ...(result.fixed ?? []).flatMap((fixed) => fixedLines(fixed, paint)),
    ...byRule(findings, migrations),
    `${judged}: ${counts.length > 0 ? counts.join(', ') : paint.green('nothing found')}${silenced}.`,
  ];
}

/** Suggests where to begin if many migrations have findings. */
function byRule(findings: readonly Finding[], migrations: number): readonly string[] {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  if (migrations < 2 || rules.length < 2) return [];
  const counts = rules.map((rule) => [rule, findings.filter((finding) => finding.rule === rule).length] as const);
  const ordered = counts.toSorted(([one, few], [other, more]) => more - few || one.localeCompare(other));
  const width = Math.max(...ordered.map(([, count]) => String(count).length));
  return ['By rule:', ...ordered.map(([rule, count]) => `  ${String(count).padStart(width)}  ${rule}`), ''];
}

function fixedLines({ migration, file, files, left, blocks = [] }: FixedMigration, paint: Paint): readonly string[] {
  const name = paint.bold(file ?? migration);
  const blocking = blocks.flatMap((sql) => statementLines(sql, undefined).map((line) => `      ${paint.dim(line)}`));
  if (files.length === 0) return [`${paint.yellow('!')} ${name} was left unchanged: ${left}`, ...blocking];
  return [
    `${paint.green('✓')} ${name} was rewritten, and is proven to produce the same schema:`,
    ...files.map((path) => `    ${path}`),
    ...(blocking.length > 0 ? [`  ${paint.yellow('!')} It still blocks reads or writes during:`, ...blocking] : []),
    '  Review it. If the old version is applied to any database, restore it with git checkout.',
  ];
}

function findingLines(finding: Finding, paint: Paint): readonly string[] {
  const { rule, severity, line, column, message, sql, position, observed = [], fix, advice } = finding;
  const place = line === undefined ? '' : `${line}:${column ?? 1}  `;
  const colour = { error: paint.red, warning: paint.yellow, notice: paint.dim }[severity];
  return [
    `  ${place}${colour(severity)}  ${message.replaceAll('\n', '\n  ')}  ${paint.dim(rule)}`,
    ...(sql === undefined ? [] : statementLines(sql, position).map((text) => `      ${paint.dim(text)}`)),
    ...(observed.length > 0 ? [`      ${paint.dim(`seen: ${observed.join('; ')}`)}`] : []),
    ...indented('instead:', fix, paint),
    ...indented('advice:', advice, paint),
  ];
}

function indented(title: string, text: string | undefined, paint: Paint): readonly string[] {
  return text === undefined
    ? []
    : [`      ${title}`, ...text.split('\n').map((line) => `        ${paint.green(line)}`)];
}

const longest = 100;

/** The relevant line of the statement, with a caret at the error. */
function statementLines(sql: string, position: number | undefined): readonly string[] {
  const at = position ?? 0;
  const start = sql.lastIndexOf('\n', Math.max(0, at - 1)) + 1;
  const end = sql.indexOf('\n', at) === -1 ? sql.length : sql.indexOf('\n', at);
  const line = sql.slice(position === undefined ? 0 : start, end);
  // A long line is cut around the position.
  const from = position !== undefined && at - start > longest - 20 ? at - start - (longest - 30) : 0;
  const shown = line.slice(from, from + longest);
  const more = end < sql.length || line.length > from + longest ? ' …' : '';
  const indent = shown.length - shown.trimStart().length;
  const caret = position === undefined ? [] : [`${' '.repeat(Math.max(0, at - start - from - indent))}^`];
  return [`${shown.trim()}${more}`, ...caret];
}
