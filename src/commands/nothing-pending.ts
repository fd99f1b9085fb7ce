import { judgeFiles } from './applied-files.js';
import type { CommandContext, Survey } from './context.js';
import { tellDeferred } from './phases.js';
import type { RunPlan } from './phases.js';
import type { RunResult, StatusProblem } from './types.js';

export function isDone({ chosen, unnoted }: RunPlan): boolean {
  return chosen.length === 0 && unnoted.length === 0;
}

/** What `run` says if there is nothing to do. */
export function nothing(plan: RunPlan, now: Survey, waitedForLockMs: number, context: CommandContext): RunResult {
  const problems = judgeFiles(now, context);
  return { applied: [], deferred: tellDeferred(plan, context), waitedForLockMs, ...reported(problems) };
}

/** Nothing is said of problems that are not there. */
export function reported(problems: readonly StatusProblem[]): Pick<RunResult, 'problems'> {
  return problems.length === 0 ? {} : { problems };
}
