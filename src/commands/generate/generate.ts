import { isMigrateError } from '../../errors.js';
import type { SqlClient } from '../../database/client.js';
import { quoteName } from '../../database/tables.js';
import { arrange } from '../../plan/arrange.js';
import type { PlannedFile } from '../../plan/arrange.js';
import type { PlanContext } from '../../plan/context.js';
import { metadataChanges } from '../../plan/metadata.js';
import { nameOf } from '../../plan/name.js';
import { planChanges } from '../../plan/plan.js';
import { prove } from '../../plan/prove.js';
import type { ProvenFile } from '../../plan/prove.js';
import { plannedRename } from '../../plan/renames.js';
import type { PlannedChange, Step } from '../../plan/step.js';
import { tryTypeChanges } from '../../plan/try-types.js';
import { compareSchemas } from '../../schema/compare.js';
import type { Change } from '../../schema/compare.js';
import { keepUnknown } from '../../schema/keep.js';
import { describeObject } from '../../schema/object-id.js';
import type { CommandContext } from '../context.js';
import type { GenerateOptions, GenerateResult } from './contract.js';
import { confirmLoss } from './confirm-loss.js';
import { decide, readFlags } from './decide.js';
import type { GivenExpressions } from './decide.js';
import { nameBefore, renameOnShadow } from './rename-on-shadow.js';
import type { Renamed } from './rename-on-shadow.js';
import { currentSide, desiredSide } from './schemas.js';
import type { CurrentSide, DesiredSide } from './schemas.js';
import { writeFiles } from './write-files.js';

/** Writes the migrations that lead from what the migrations give to what the entities describe, proven up and down. */
export async function generate(options: GenerateOptions, context: CommandContext): Promise<GenerateResult> {
  // What is mistyped is said before anything takes its time.
  const given = readFlags(options);
  const desired = await desiredSide(context, options.shadow);
  const current = await currentSide(context, options);
  try {
    const client = (await current.shadow.pool.connect()) as SqlClient & { release(): void };
    try {
      return await withBothSides(options, context, desired, { ...current, client, given });
    } finally {
      client.release();
    }
  } finally {
    await current.shadow.close();
  }
}

type Current = CurrentSide & { readonly client: SqlClient; readonly given: GivenExpressions };

async function withBothSides(
  options: GenerateOptions,
  context: CommandContext,
  desired: DesiredSide,
  current: Current,
): Promise<GenerateResult> {
  const renamed = await renameOnShadow(current.schema, {
    ...current,
    options,
    history: desired.history,
    wantedFor: async (present, renames) => (await wanted(present, renames, options, desired, current)).schema,
  });
  const { schema: from } = renamed;
  const { schema: to, kept } = await wanted(from, renamed.inCatalog, options, desired, current);
  const changes = await compareSchemas(from, to);
  const warnings = kept
    .filter(({ kind }) => kind !== 'extension')
    .map((id) => `${describeObject(id)} is not in the entities, but was made by hand: it stays (--prune drops it).`);
  const metadata = metadataChanges(current.metadata, desired.metadata, metadataTable(context));
  if (changes.length === 0 && metadata.length === 0 && renamed.inCatalog.length === 0)
    return { files: [], statements: [], renames: [], warnings };
  const tryType = await tryTypeChanges(current.client, from, to);
  const question = {
    from,
    to,
    options,
    given: current.given,
    history: desired.history,
    renames: renamed.bridged,
    tryType,
  };
  const planContext: PlanContext = {
    from,
    to,
    decisions: await decide(changes, question),
    targetVersion: options.targetVersion ?? 15,
    tryType,
  };
  const planned = [
    ...renamesInCatalog(renamed, current, changes, options),
    ...planChanges(changes, planContext, options.online === false ? 'direct' : 'online'),
    ...metadata,
  ];
  await confirmLoss(planned, options);
  const files = await proven(planned, planContext, current);
  const told = [...renamed.inCatalog, ...renamed.bridged]
    .filter(({ from: { kind } }) => kind === 'table' || kind === 'column')
    .map((rename) => ({
      from: describeObject(rename.from),
      to: describeObject(rename.to),
    }));
  return writeFiles(files, { ...options, name: options.name ?? nameOf(planned) }, context, { warnings, renames: told });
}

/** What the entities describe, and beside it what somebody made by hand. */
function wanted(
  present: Current['schema'],
  renames: Renamed['inCatalog'],
  { prune = false }: GenerateOptions,
  desired: DesiredSide,
  { originOf }: Current,
): ReturnType<typeof keepUnknown> {
  return keepUnknown(
    desired.schema,
    present,
    (id) => id.kind === 'extension' || (!prune && originOf(nameBefore(id, renames)) !== 'generated'),
  );
}

function renamesInCatalog(
  { inCatalog }: Renamed,
  { schema }: Current,
  changes: readonly Change[],
  { renameDirectly = false, online = true }: GenerateOptions,
): readonly PlannedChange[] {
  return inCatalog.map((rename) => {
    // A view would be in the way of another type of one of its columns.
    const retyped = changes.some(
      ({ sql, uses }) =>
        / TYPE /.test(sql) && uses.some((id) => id.table === rename.to.name && id.schema === rename.to.schema),
    );
    return plannedRename(rename, schema, { keepOldName: online && !renameDirectly && !retyped });
  });
}

/** As few files as the order allows; should that be wrong, then more of them, in the order of the comparison. */
async function proven(
  planned: readonly PlannedChange[],
  planContext: PlanContext,
  current: Current,
): Promise<readonly ProvenFile[]> {
  const { from, to } = planContext;
  const write = (changes: readonly Change[], after: typeof from, before: typeof to): readonly Step[] =>
    planChanges(changes, { ...planContext, from: after, to: before, whole: { start: from, end: to } }, 'back').flatMap(
      ({ steps }) => steps,
    );
  const attempt = (files: readonly PlannedFile[]): Promise<readonly ProvenFile[]> =>
    prove(files, { client: current.client, from: current.schema, to, read: current.read, write });
  try {
    return await attempt(arrange(planned, from, to));
  } catch (error) {
    if (!isMigrateError(error) || (await compareSchemas(await current.read(), current.schema)).length > 0) throw error;
    return attempt(arrange(planned, from, to, { cautious: true }));
  }
}

function metadataTable({ dataSource }: CommandContext): string {
  const { metadataTableName = 'typeorm_metadata', schema } = dataSource.options as {
    readonly metadataTableName?: string;
    readonly schema?: string;
  };
  return `${schema === undefined ? '' : `${quoteName(schema)}.`}${quoteName(metadataTableName)}`;
}
