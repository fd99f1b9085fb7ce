import { isMigrateError } from '../errors.js';
import { compareSchemas } from '../schema/compare.js';
import type { Change } from '../schema/change.js';
import { withLostValues } from '../schema/enum-order.js';
import type { Schema } from '../schema/read.js';
import { arrange } from './arrange.js';
import type { PlanContext } from './context.js';
import { withUncheckedBodies } from './function-bodies.js';
import { keepPrivileges, keepPrivilegesIn } from './keep-privileges.js';
import { planChanges } from './plan.js';
import { prove } from './prove.js';
import type { ProofContext, ProvenFile } from './prove.js';
import type { Rename } from './renames.js';
import type { PlannedChange } from './step.js';
import { failedOnRow } from './try-rows.js';

export interface Attempted {
  readonly planned: readonly PlannedChange[];
  readonly files: readonly ProvenFile[];
  readonly notTried: readonly string[];
  /** The schema on the shadow afterwards. */
  readonly stands: Schema;
  readonly reworded: boolean;
  /** The number of the attempt; only the first one is as intended. */
  readonly attempt: number;
}

export interface AttemptContext {
  readonly plan: PlanContext;
  /** Changes that a schema comparison does not show: renames, and rows of TypeORM's metadata table. */
  readonly around: (planned: readonly PlannedChange[]) => readonly PlannedChange[];
  /** The renames among these. */
  readonly renames: readonly Rename[];
  readonly proof: Omit<ProofContext, 'write' | 'to'>;
  readonly online: boolean;
}

/**
 * As few files as the order allows, with every change beside the traffic. Should the proof say that this does not fit together, then more
 * files, in the order of the comparison; then with types changed in place. Nothing that is not proven leaves this function.
 */
export async function planAndProve(changes: readonly Change[], context: AttemptContext): Promise<Attempted> {
  const mode = context.online ? 'online' : 'direct';
  const stages = context.online ? await stagesOf(changes, context.plan) : [{ changes, ...context.plan }];
  const attempts = [false, ...(context.online ? [true] : [])].flatMap((typesInPlace) =>
    [false, true].map((cautious) => ({ typesInPlace, cautious })),
  );
  let first: unknown;
  for (const [attempt, { typesInPlace, cautious }] of attempts.entries()) {
    const ofStage = ({ changes: own, from, to }: Stage): readonly PlannedChange[] =>
      planChanges(own, { ...context.plan, from, to, typesInPlace }, mode);
    const planned = context.around(stages.flatMap(ofStage));
    try {
      const { from, to } = context.plan;
      const files = keepPrivilegesIn(arrange(planned, from, to, { cautious }), from, to).map(withUncheckedBodies);
      return { planned, attempt, ...(await prove(files, proofOf(context))) };
    } catch (error) {
      if (!isMigrateError(error)) throw error;
      first ??= error;
      // Without the schema from before, nothing else can be tried, and the reason is still the first one.
      if (!(await isRestored(context.proof))) throw first;
      if (failedOnRow(error)) throw error;
    }
  }
  throw first;
}

interface Stage extends Pick<PlanContext, 'from' | 'to'> {
  readonly changes: readonly Change[];
}

/** While the old version of the app may write a value that an enum loses, everything else is changed, and new values are added. */
async function stagesOf(changes: readonly Change[], { from, to }: PlanContext): Promise<readonly Stage[]> {
  const meanwhile = withLostValues(to, from);
  if (meanwhile === undefined) return [{ changes, from, to }];
  return [
    { changes: await compareSchemas(from, meanwhile), from, to: meanwhile },
    { changes: await compareSchemas(meanwhile, to), from: meanwhile, to },
  ];
}

function proofOf({ plan, proof, renames }: AttemptContext): ProofContext {
  const write: ProofContext['write'] = (changes, after, before) => {
    const whole = { start: plan.from, end: plan.to, renames, bridged: plan.decisions.renames };
    const planned = planChanges(changes, { ...plan, from: after, to: before, whole }, 'back');
    return keepPrivileges(
      planned.flatMap(({ steps }) => steps),
      after,
      before,
    );
  };
  return { ...proof, to: plan.to, write };
}

/** There are no rows, so a plain revert loses nothing. */
async function isRestored({ client, read, from }: AttemptContext['proof']): Promise<boolean> {
  try {
    for (const { sql } of await compareSchemas(await read(), from)) await client.query(sql);
    return true;
  } catch {
    return false;
  }
}
