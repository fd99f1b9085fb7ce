import { metadataChanges } from '../../plan/metadata.js';
import { isSame } from '../../schema/compare.js';
import { keepUnknown } from '../../schema/keep.js';
import { narrow } from '../../schema/narrow.js';
import type { ObjectId } from '../../schema/object-id.js';
import { noCache, openCache } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { originIn, originKey } from '../../shadow/origins.js';
import { metadataTableOf } from '../../shadow/typeorm-metadata.js';
import { versionsOfEngines } from '../../shadow/versions.js';
import type { CommandContext } from '../context.js';
import { change, staysBy, told, wanted } from './change.js';
import type { Sides } from './change.js';
import type { GenerateOptions, GenerateResult } from './contract.js';
import { readFlags } from './decide.js';
import type { GivenExpressions } from './decide.js';
import { currentSide, rememberCurrent } from './current-side.js';
import type { CurrentSide } from './current-side.js';
import { desiredSide, readEntities } from './desired-side.js';
import { withThrowaway, withWorkbench } from './on-shadow.js';
import type { Lend } from './on-shadow.js';
import type { Side } from './side.js';

/** Writes the migrations that lead from what the migrations give to what the entities describe, proven up and down. */
export async function generate(options: GenerateOptions, context: CommandContext): Promise<GenerateResult> {
  // What is mistyped is said before anything takes its time.
  const given = readFlags(options);
  return withThrowaway(options.shadow, (lend) => generateWith(lend, given, options, context));
}

async function generateWith(
  lend: Lend,
  given: GivenExpressions,
  options: GenerateOptions,
  context: CommandContext,
): Promise<GenerateResult> {
  const cache = cacheFor(options);
  const described = await readEntities(context);
  const { unmanaged, history } = described;
  const [desired, current] = await both(
    desiredSide({ context, described, lend, url: options.shadow, cache }),
    currentSide(context, options, cache, unmanaged),
  );
  const metadata = metadataChanges(current.metadata, desired.metadata, metadataTableOf(context.dataSource));
  const { from, to } = narrow(current.schema, desired.schema);
  const sides: Sides = { desired: to, history, origins: current.origins, metadata, given };
  const { schema, kept } = wanted(from, [], options, sides);
  if (metadata.length === 0 && (await isSame(from, schema)))
    return { files: [], statements: [], renames: [], warnings: told(kept) };
  const bench = { lend, unmanaged, to: schema, cache, inOtherWords: options.from !== undefined };
  return withWorkbench(from, context, bench, async (workbench) => {
    const { result, renamed } = await change(options, context, sides, workbench);
    // What somebody made by hand has other names after a rename: it is read when it is replayed.
    const isKnown = options.from === undefined && options.dryRun !== true && renamed.inCatalog.length === 0;
    if (isKnown) await remember(current, { ...desired, unmanaged }, options, context, cache);
    return result;
  });
}

/** Side by side. Both are waited for: what one of them has open is closed before an error of the other is told. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** A server that is the shadow may be another version tomorrow. */
export function cacheFor({ shadow, cache = true }: Pick<GenerateOptions, 'shadow' | 'cache'>): SchemaCache {
  return shadow === undefined && cache ? openCache(versionsOfEngines()) : noCache;
}

/** What was proven need not be replayed the next time. */
async function remember(
  current: CurrentSide,
  desired: Side & { readonly unmanaged: readonly ObjectId[] },
  options: GenerateOptions,
  context: CommandContext,
  cache: SchemaCache,
): Promise<void> {
  const shallStay = (id: ObjectId): boolean => staysBy(id, current.origins, options);
  const { schema } = keepUnknown(desired.schema, current.schema, shallStay);
  const origins = new Map(
    schema.objects.map(({ id }) => [originKey(id), originIn(current.origins, id) ?? 'generated']),
  );
  await rememberCurrent(context, { schema, metadata: desired.metadata, origins }, cache, desired.unmanaged);
}
