import type { WayBack } from '../observe/observe-migration.js';
import { nodeOf } from '../observe/parser.js';
import type { Observed } from '../observe/observed.js';
import { classify } from '../sql/index.js';

/** `error`: reads or writes block, data is lost, or queries of the app fail. `warning`: it may come to that. `notice`: good to know. */
export type Severity = 'error' | 'warning' | 'notice';

/**
 * One hazard: how it is recognised, what is said of it, and what is right instead. One file each, called like the rule. `title`, `why`, `bad`
 * and `good` are for the docs and the tests: the bundle is made without them.
 */
export interface Rule {
  readonly name: string;
  /** Of the worst that it finds; what the settings say of the rule holds for all that it finds. */
  readonly severity: Severity;
  /** What is wrong, in one short sentence. */
  readonly title: string;
  /** What happens and why, for the documentation: who waits, for how long, since which version. */
  readonly why: string;
  /** A matter of taste: off unless the settings turn it on. */
  readonly optional?: true;
  /** What `plan` says of it as well, since it depends on what the live database has: that the migration fails, or a remark. */
  readonly inPlan?: 'fails' | 'remark';
  /** The server's errors (SQLSTATE) that it explains: a statement that it finds and that failed so needs no second finding. */
  readonly explains?: readonly string[];
  /** Rules that say the same, and more: where one of them speaks of a statement, this one need not. */
  readonly leavesTo?: readonly string[];
  check(migration: JudgedMigration, context: RuleContext): Iterable<Problem>;
  /** Each is found by this rule. */
  readonly bad: readonly Example[];
  /** In none of them is anything found, by this rule or by another that is an error or a warning. */
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
  /** Where its down leads; undefined if it was not tried. */
  readonly wayBack?: WayBack | undefined;
}

export interface RuleContext {
  /** The major version of the server that the migrations are for. */
  readonly targetVersion: number;
  /** What runs together with it, in the order it runs, this one among them. */
  readonly batch: readonly JudgedMigration[];
}

/** What a rule has found. */
export interface Problem {
  /** Undefined when it is about the whole migration. */
  readonly statement?: Observed | undefined;
  /** When it is not as bad as the worst that the rule finds. */
  readonly severity?: Severity | undefined;
  /** What happens to whom, with the real names. */
  readonly message: string;
  /** What to write in place of the statement: SQL to paste, with the real names, that leads to the same schema. */
  readonly fix?: string | undefined;
  /** What else is to be done or decided, in words and SQL: what comes before or after it, or another way. */
  readonly advice?: string | undefined;
}

/** Something to try a rule on. */
export interface Example {
  /** What was there before, in use: `CREATE TABLE …`. */
  readonly given?: string;
  /** The migration; several of them are the files of one batch. */
  readonly sql: string | readonly string[];
  /** Of the last of them; tried only where it is given. */
  readonly down?: string;
  /** False: it runs without a transaction. */
  readonly transaction?: false;
  readonly phase?: 'contract';
  readonly targetVersion?: number;
  /** The last statement fails on the server, and the rule says why. */
  readonly fails?: true;
  /** It needs a newer server than the tests': it is tried on the one that runs inside the process. */
  readonly embedded?: true;
}

/** A rule that looks at each statement by itself. */
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

/** Words are advice. So is what is said of one part of an ALTER TABLE: it cannot stand in place of all of it. */
function withoutHalfFix<P extends Pick<Problem, 'fix' | 'advice'>>(problem: P, { tree }: Observed): Omit<P, 'fix'> {
  const { fix, ...others } = problem;
  if (fix === undefined) return problem;
  if (classify(fix).length === 0) return { ...others, advice: fix };
  if ((nodeOf(tree, 'AlterTableStmt')?.cmds ?? []).length <= 1) return problem;
  return { ...others, advice: `-- In place of this part of the statement; what else it does stays:\n${fix}` };
}
