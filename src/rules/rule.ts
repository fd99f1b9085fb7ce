import type { WayBack } from '../observe/observe-migration.js';
import { nodeOf } from '../observe/parser.js';
import type { Observed } from '../observe/observed.js';
import { classify } from '../sql/index.js';

/** `error`: reads or writes block, data is lost, or queries of the app fail. `warning`: that may happen. `notice`: good to know. */
export type Severity = 'error' | 'warning' | 'notice';

/**
 * One hazard: how to recognise it, what to report, and what to write instead. Each rule has a file with its name. `title`, `why`, `bad`
 * and `good` are for the docs and the tests; the bundle leaves them out.
 */
export interface Rule {
  readonly name: string;
  /** The severity of the worst problem it can find; the settings override that of all its problems. */
  readonly severity: Severity;
  /** The problem, in one short sentence. */
  readonly title: string;
  /** What happens and why, for the documentation: what blocks, for how long, since which version. */
  readonly why: string;
  /** A matter of taste: off unless the settings turn it on. */
  readonly optional?: true;
  /** How `plan` reports the problem too, since it depends on the live database: as a failure of the migration, or as a remark. */
  readonly inPlan?: 'fails' | 'remark';
  /** The SQLSTATEs that the rule explains: if a statement it reports failed with one of them, the failure is not reported again. */
  readonly explains?: readonly string[];
  /** Rules that say the same and more: if one of them reports a statement, this rule does not. */
  readonly leavesTo?: readonly string[];
  check(migration: JudgedMigration, context: RuleContext): Iterable<Problem>;
  /** Examples that this rule reports. */
  readonly bad: readonly Example[];
  /** Examples for which neither this rule nor any error or warning of another rule is reported. */
  readonly good: readonly Example[];
}

/** A migration that was executed on a shadow database under observation. */
export interface JudgedMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly file: string | undefined;
  readonly phase: 'expand' | 'contract';
  /** False when it runs without a transaction. */
  readonly transactional: boolean;
  readonly statements: readonly Observed[];
  /** The result of its down; undefined if the down was not tried. */
  readonly wayBack?: WayBack | undefined;
}

export interface RuleContext {
  /** The major version of the server on which the migrations will run. */
  readonly targetVersion: number;
  /** The migrations that run together, in order, including this one. */
  readonly batch: readonly JudgedMigration[];
}

/** A problem that a rule has found. */
export interface Problem {
  /** Undefined if the problem concerns the whole migration. */
  readonly statement?: Observed | undefined;
  /** Given if it is lower than the severity of the rule. */
  readonly severity?: Severity | undefined;
  /** What happens to which objects, with the real names. */
  readonly message: string;
  /** The SQL to write instead of the statement, with the real names, that results in the same schema. */
  readonly fix?: string | undefined;
  /** Other steps or decisions, in words and SQL: what to do before or after the statement, or an alternative. */
  readonly advice?: string | undefined;
}

/** An example to test a rule with. */
export interface Example {
  /** The existing objects, which are in use: `CREATE TABLE …`. */
  readonly given?: string;
  /** The migration; an array holds the files of one batch. */
  readonly sql: string | readonly string[];
  /** The down of the last migration; tried only if given. */
  readonly down?: string;
  /** False if the migration runs without a transaction. */
  readonly transaction?: false;
  readonly phase?: 'contract';
  readonly targetVersion?: number;
  /** Whether the last statement fails on the server, for the reason that the rule gives. */
  readonly fails?: true;
  /** Whether it needs a newer server than the one of the tests, and runs on the embedded PostgreSQL instead. */
  readonly embedded?: true;
}

/** A rule that examines each statement separately. */
export function eachStatement(
  look: (
    statement: Observed,
    migration: JudgedMigration,
    context: RuleContext,
  ) => Iterable<Omit<Problem, 'statement'>> | undefined,
): Rule['check'] {
  return function* (migration, context) {
    for (const statement of migration.statements)
      for (const problem of look(statement, migration, context) ?? [])
        yield { ...withoutHalfFix(problem, statement), statement };
  };
}

/** A fix in words is advice. So is a fix for one part of an ALTER TABLE, since it cannot replace the whole statement. */
function withoutHalfFix<P extends Pick<Problem, 'fix' | 'advice'>>(problem: P, { tree }: Observed): Omit<P, 'fix'> {
  const { fix, ...others } = problem;
  if (fix === undefined) return problem;
  if (classify(fix).length === 0) return { ...others, advice: fix };
  if ((nodeOf(tree, 'AlterTableStmt')?.cmds ?? []).length <= 1) return problem;
  return { ...others, advice: `-- Instead of this part of the statement; keep its other parts:\n${fix}` };
}
