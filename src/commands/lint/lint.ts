import { readFile } from 'node:fs/promises';
import { listMigrations } from '../../files/list.js';
import { resolveMigrations } from '../../files/resolve.js';
import { observeMigration } from '../../observe/observe-migration.js';
import type { ObservedMigration } from '../../observe/observe-migration.js';
import { Observer } from '../../observe/observer.js';
import { rules } from '../../rules/list.js';
import type { JudgedMigration, Rule } from '../../rules/rule.js';
import { replay } from '../../shadow/replay.js';
import type { CommandContext } from '../context.js';
import { createTypeormTable, withShadow } from '../generate/on-shadow.js';
import { choose, shown } from './choose.js';
import type { Choice } from './choose.js';
import type { Finding, LintOptions, LintResult } from './contract.js';
import { explainedBy, notJudged } from './not-judged.js';
import { levelOf, levelsOf } from './levels.js';
import type { Levels } from './levels.js';
import { locate } from './source.js';
import type { LocatedSource } from './source.js';
import { suppress } from './suppress.js';
import { describeEffects } from './words.js';

/** Executes migrations on a throwaway database, looks at what each of their statements does, and says what that would mean in production. */
export async function lint(options: LintOptions, context: CommandContext): Promise<LintResult> {
  const levels = levelsOf(rules, context.settings.lint, options.rules);
  const migrations = await resolveMigrations(await listMigrations(context.migrations), () => false);
  const choice = await choose(migrations, options);
  if (choice.judged.length === 0) return { migrations: 0, findings: [], ignored: [], chosen: choice.chosen };
  const observed = await observe(choice, options, context);
  const judged = observed.map(judgedOf);
  const all: Finding[] = [];
  const ignored: LintResult['ignored'][number][] = [];
  for (const [index, migration] of judged.entries()) {
    const batch = options.all === true ? [migration] : judged;
    const source = await sourceOf(migration);
    const found = findingsOf(migration, { targetVersion: options.targetVersion ?? 15, batch }, levels, source);
    const { findings: left, ignores } = suppress(found, migration, source, rules);
    const findings = withoutEchoes(left, rules);
    const seen = observed[index] as ObservedMigration;
    const later = choice.judged.length - observed.length;
    all.push(...findings, ...notJudged(seen, later, source, explainedBy(findings, seen, rules)));
    ignored.push(...ignores);
  }
  return { migrations: judged.length, findings: all, ignored, chosen: choice.chosen };
}

/** Up to the first one that fails: what comes after it would meet another schema than it is made for. */
async function observe(
  { before, judged }: Choice,
  options: LintOptions,
  context: CommandContext,
): Promise<readonly ObservedMigration[]> {
  return withShadow(context, options.shadow, async (shadow) => {
    await createTypeormTable(shadow, context);
    await replay(shadow, before, context.instantiate);
    const observer = await Observer.open(shadow);
    const observed: ObservedMigration[] = [];
    for (const known of judged) {
      if (options.all === true) observer.beginBatch();
      const result = await observeMigration(shadow, await known.load(), observer, context.instantiate);
      observed.push(result);
      if (result.error !== undefined) break;
    }
    return observed;
  });
}

/** After the settings and comments, so that what is said only once is said at all. */
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

function judgedOf({ migration, transactional, statements }: ObservedMigration): JudgedMigration {
  const { name, file, phase } = migration;
  return { name, file, phase, transactional, statements };
}

async function sourceOf({ file, statements }: JudgedMigration): Promise<LocatedSource> {
  const text = file === undefined ? '' : await readFile(file, 'utf8').catch(() => '');
  return locate(text, statements);
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
      const { statement, message, fix } = problem;
      const severity = levelOf(rule, problem, levels);
      if (severity === 'off') return [];
      const place = statement && located.places.get(statement);
      return {
        rule: rule.name,
        severity,
        migration: migration.name,
        ...(migration.file !== undefined && { file: shown(migration.file) }),
        ...(place && { line: place.line, column: place.column }),
        ...(statement && { sql: statement.sql, observed: describeEffects(statement) }),
        message,
        ...(fix !== undefined && { fix }),
      };
    });
  });
}
