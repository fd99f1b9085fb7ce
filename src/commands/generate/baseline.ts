import { abortable } from '../../database/cancel.js';
import { compareSchemas } from '../../schema/compare.js';
import { keepUnknown } from '../../schema/keep.js';
import { describeObject } from '../../schema/object-id.js';
import { noCache } from '../../shadow/cache.js';
import type { CommandContext } from '../context.js';
import { pending, run } from '../run.js';
import type { BaselineOptions, BaselineResult } from './contract.js';
import { desiredSide, readEntities } from './desired-side.js';
import { generate } from './generate.js';
import { withThrowaway } from './on-shadow.js';
import { inSameWords } from './same-words.js';
import { ownSide } from './side.js';
import type { Side } from './side.js';

/**
 * For a database that `synchronize` has made: writes the migration that would make it, sees to it that the database really has that
 * schema, and records the migration as applied without executing it.
 */
export async function baseline(options: BaselineOptions, context: CommandContext): Promise<BaselineResult> {
  const described = await readEntities(context);
  const { shadow: url } = options;
  const make = (): Promise<Side> =>
    withThrowaway(url, (lend) => desiredSide({ context, described, lend, url, cache: noCache }));
  const desired = await abortable(context.signal, make, 'Nothing was changed.');
  const { schema: live } = await ownSide(context);
  const { schema: own } = await inSameWords(desired.schema, live, context, { url, cache: noCache });
  const { schema: wanted, kept } = keepUnknown(desired.schema, own, () => true);
  const drift = (await compareSchemas(own, wanted)).map(({ sql }) => sql);
  const unknown = kept.filter(({ kind }) => kind !== 'extension').map(describeObject);
  if (options.check === true || drift.length > 0) return { drift, unknown, files: [], recorded: [] };
  const { files } = await generate({ ...options, name: options.name ?? 'Baseline' }, context);
  const recorded = (await pending(context)).map(({ name }) => name);
  if (recorded.length > 0) await run({ mode: 'fake' }, context);
  return { drift, unknown, files, recorded };
}
