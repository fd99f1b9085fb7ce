import type { Schema } from '../../schema/read.js';
import { originIn, originKey } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import type { History } from '../../snapshot/history.js';
import { NamedObjects } from './named-objects.js';
import type { GenerateOptions } from './types.js';

/**
 * An object that a handwritten migration created is kept unless its author names it: `--rename`, `@RenamedFrom` and `--drop` hand it over
 * to `generate`, and `--rename` also a column of the initial state.
 */
export function withHandedOver(
  origins: OriginMap,
  { from, to }: { readonly from: Schema; readonly to: Schema },
  options: GenerateOptions,
  history: History,
): OriginMap {
  const named = new NamedObjects(options, history);
  const { renames = [], drops = [] } = options;
  const paths = [...renames.map((text) => (text.split('=')[0] ?? '').trim()), ...drops];
  const done = history.renames.filter((rename) => to.has(rename.to)).map((rename) => rename.from);
  const found = [...paths.flatMap((path) => named.find(path, from)), ...done.flatMap((id) => named.inOther(id, from))];
  const ofInitial = renames.flatMap((text) => named.find((text.split('=')[0] ?? '').trim(), from));
  const given = [
    ...found.filter((id) => originIn(origins, id) === 'hand'),
    ...ofInitial.filter((id) => id.kind === 'column' && originIn(origins, id) === 'initial'),
  ].filter((id) => !to.has(id));
  return given.length === 0
    ? origins
    : new Map([...origins, ...given.map((id) => [originKey(id), 'generated'] as const)]);
}
