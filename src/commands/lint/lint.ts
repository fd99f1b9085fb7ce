import { readFile } from 'node:fs/promises';
import { abortable } from '../../database/cancel.js';
import { filesOfClasses } from '../../files/class-list.js';
import { listMigrations } from '../../files/list-migrations.js';
import { resolveMigrations } from '../../files/resolve.js';
import { rules } from '../../rules/all-rules.js';
import type { JudgedMigration, Rule } from '../../rules/rule.js';
import type { CommandContext } from '../context.js';
import { choose, shown } from './choose.js';
import type { ClassFiles } from './choose.js';
import type { Finding, FixedMigration, LintOptions, LintResult } from './types.js';
import { explainedBy, notJudged } from './not-judged.js';
import { levelOf, levelsOf } from './levels.js';
import type { Levels } from './levels.js';
import { locate, withoutComment } from './source.js';
import type { LocatedSource } from './source.js';
import { families } from './families.js';
import { fix } from './fix.js';
import { observe } from './observe.js';
import type { Tried } from './observe.js';
import { suppress } from './suppress.js';
import { describeEffects } from './words.js';

/** Executes migrations on a shadow, observes each statement, and reports its effects in production. */
export async function lint(options: LintOptions, context: CommandContext): Promise<LintResult> {
  const levels = levelsOf(rules, context.settings.lint, options.rules);
  const migrations = await resolveMigrations(await listMigrations(context));
  const classFiles = filesOfClasses(context.dataSource);
  const choice = await choose(migrations, options, classFiles);
  if (choice.judged.length === 0) return { migrations: 0, findings: [], ignored: [], chosen: choice.chosen };
  const observed = await abortable(context.signal, () => observe(choice, options, context), 'Nothing was changed.');
  const judged = observed.map((tried) => judgedOf(tried, classFiles));
  const batches = options.all === true ? families(judged) : [judged];
  const all: Finding[] = [];
  const ignored: LintResult['ignored'][number][] = [];
  for (const [index, migration] of judged.entries()) {
    const batch = batches.find((one) => one.includes(migration)) ?? [migration];
    const source = await sourceOf(migration);
    const found = findingsOf(migration, { targetVersion: options.targetVersion ?? 15, batch }, levels, source);
    const { findings: left, ignores } = suppress(found, migration, source, rules);
    const findings = withoutEchoes(left, rules);
    const seen = observed[index] as Tried;
    const later = choice.judged.length - observed.length;
    all.push(...findings, ...notJudged(seen, later, source, explainedBy(findings, seen, rules)));
    ignored.push(...ignores);
  }
  const result = { migrations: judged.length, findings: all, ignored, chosen: choice.chosen };
  if (options.fix !== true) return result;
  const fixed: FixedMigration[] = [];
  // Starts with the newest migration, so that the migrations before it are still as they were judged.
  for (const { name, statements } of judged.toReversed()) {
    const migration = migrations.find((known) => known.name === name);
    const isFound = all.some((finding) => finding.migration === name && finding.severity === 'error');
    if (migration && isFound) fixed.unshift(await fix({ migration, statements }, migrations, options, context));
  }
  return { ...result, fixed };
}

/** Applied after settings and comments, so that a finding is not dropped as the echo of one that is ignored. */
function withoutEchoes(findings: readonly Finding[], all: readonly Rule[]): readonly Finding[] {
  const isSaidBy = (rule: string | undefined, { sql, line, column }: Finding): boolean =>
    findings.some(
      (other) => other.rule === rule && other.sql === sql && other.line === line && other.column === column,
    );
  return findings.filter((finding) => {
    const leavesTo = all.find(({ name }) => name === finding.rule)?.leavesTo ?? [];
    return !leavesTo.some((rule) => isSaidBy(rule, finding));
  });
}

function judgedOf({ migration, transactional, statements, wayBack }: Tried, classFiles: ClassFiles): JudgedMigration {
  const { name, timestamp, file = classFiles.get(name), phase } = migration;
  return { name, timestamp, file, phase, transactional, statements, wayBack };
}

async function sourceOf({ name, file, statements }: JudgedMigration): Promise<LocatedSource> {
  const text = file === undefined ? '' : await readFile(file, 'utf8').catch(() => '');
  return locate(text, statements, name);
}

function findingsOf(
  migration: JudgedMigration,
  context: { readonly targetVersion: number; readonly batch: readonly JudgedMigration[] },
  levels: Levels,
  located: LocatedSource,
): readonly Finding[] {
  return rules.flatMap((rule) => {
    if (levelOf(rule, rule, levels) === 'off') return [];
    return [...rule.check(migration, context)].flatMap((problem) => {
      const { statement, message, fix, advice } = problem;
      const severity = levelOf(rule, problem, levels);
      if (severity === 'off') return [];
      const place = statement && located.places.get(statement);
      return {
        rule: rule.name,
        severity,
        migration: migration.name,
        ...(migration.file !== undefined && { file: shown(migration.file) }),
        ...(place && { line: place.line, column: place.column }),
        ...(statement && { sql: withoutComment(statement.sql), observed: describeEffects(statement) }),
        message,
        ...(fix !== undefined && { fix }),
        ...(advice !== undefined && { advice }),
      };
    });
  });
}
