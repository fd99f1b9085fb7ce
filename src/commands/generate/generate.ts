import { ExitCode, isMigrateError, MigrateError } from '../../errors.js';
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
import type { PlannedChange } from '../../plan/step.js';
import { tryTypeChanges } from '../../plan/try-types.js';
import { compareSchemas } from '../../schema/compare.js';
import { keepUnknown } from '../../schema/keep.js';
import { describeObject } from '../../schema/object-id.js';
import type { CommandContext } from '../context.js';
import type { GenerateOptions, GenerateResult } from './contract.js';
import { decide } from './decide.js';
import { currentSide, desiredSide } from './schemas.js';
import type { CurrentSide, Side } from './schemas.js';
import { writeFiles } from './write-files.js';

/** Writes the migrations that lead from what the migrations give to what the entities describe, proven up and down. */
export async function generate(options: GenerateOptions, context: CommandContext): Promise<GenerateResult> {
  const desired = await desiredSide(context, options.shadow);
  const current = await currentSide(context, options.shadow);
  try {
    return await withBothSides(options, context, desired, current);
  } finally {
    await current.shadow.close();
  }
}

async function withBothSides(
  options: GenerateOptions,
  context: CommandContext,
  desired: Side,
  current: CurrentSide,
): Promise<GenerateResult> {
  const { schema: wanted, kept } = await keepUnknown(
    desired.schema,
    current.schema,
    (id) => id.kind === 'extension' || (options.prune !== true && current.originOf(id) !== 'generated'),
  );
  const changes = await compareSchemas(current.schema, wanted);
  const metadata = metadataChanges(current.metadata, desired.metadata, metadataTable(context));
  const warnings = kept
    .filter(({ kind }) => kind !== 'extension')
    .map((id) => `${describeObject(id)} is not in the entities, but was made by hand: it stays (--prune drops it).`);
  if (changes.length === 0 && metadata.length === 0) return { files: [], statements: [], renames: [], warnings };
  const client = await oneClient(current);
  try {
    const planContext: PlanContext = {
      from: current.schema,
      to: wanted,
      decisions: await decide(changes, { from: current.schema, to: wanted, options }),
      targetVersion: options.targetVersion ?? 15,
      tryType: await tryTypeChanges(client, current.schema, wanted),
    };
    const planned = [...planChanges(changes, planContext, options.online === false ? 'direct' : 'online'), ...metadata];
    refuseLoss(planned, options);
    const files = await proven(planned, planContext, { ...current, client });
    return await writeFiles(files, { ...options, name: options.name ?? nameOf(planned) }, context, warnings);
  } finally {
    client.release();
  }
}

/** As few files as the order allows; should that be wrong, then more of them, in the order of the comparison. */
async function proven(
  planned: readonly PlannedChange[],
  planContext: PlanContext,
  current: CurrentSide & { readonly client: SqlClient },
): Promise<readonly ProvenFile[]> {
  const { from, to } = planContext;
  const attempt = (files: readonly PlannedFile[]): Promise<readonly ProvenFile[]> =>
    prove(files, {
      client: current.client,
      from,
      to,
      read: current.read,
      write: (changes, after, before) =>
        planChanges(changes, { ...planContext, from: after, to: before }, 'direct').flatMap(({ steps }) =>
          steps.map(({ sql }) => sql),
        ),
    });
  try {
    return await attempt(arrange(planned, from, to));
  } catch (error) {
    if (!isMigrateError(error) || (await compareSchemas(await current.read(), from)).length > 0) throw error;
    return attempt(arrange(planned, from, to, { cautious: true }));
  }
}

interface PoolClient extends SqlClient {
  release(): void;
}

async function oneClient({ shadow }: CurrentSide): Promise<PoolClient> {
  return (await shadow.pool.connect()) as PoolClient;
}

function metadataTable({ dataSource }: CommandContext): string {
  const { metadataTableName = 'typeorm_metadata', schema } = dataSource.options as {
    readonly metadataTableName?: string;
    readonly schema?: string;
  };
  return `${schema === undefined ? '' : `${quoteName(schema)}.`}${quoteName(metadataTableName)}`;
}

/** Losing data is somebody's decision. */
function refuseLoss(planned: readonly PlannedChange[], { allowDestructive = false }: GenerateOptions): void {
  const losses = [...new Set(planned.flatMap(({ steps }) => steps.flatMap(({ loses }) => loses ?? [])))];
  if (losses.length === 0 || allowDestructive) return;
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: `This would lose ${losses.join('; ')}. Nothing was written.`,
    next: 'If that is meant: --allow-destructive. It goes into a file of its own, which runs when the old version of the app is gone.',
    exitCode: ExitCode.todo,
  });
}
