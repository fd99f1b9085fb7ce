import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { originIn, originKey } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import type { History } from '../../snapshot/history.js';
import { idsOfPath } from './decide-renames.js';
import type { GenerateOptions } from './types.js';

/**
 * An object that a handwritten migration created stays, unless its author names it: `--rename`, `@RenamedFrom` and `--drop` hand it over to
 * `generate`.
 */
export function withHandedOver(
  origins: OriginMap,
  { from, to }: { readonly from: Schema; readonly to: Schema },
  { renames = [], drops = [] }: GenerateOptions,
  history: History,
): OriginMap {
  const pairs = renames.map((text) => text.split('=').map((part) => part.trim()));
  const tables = [
    ...pairs.map(([old = '', now = '']) => [old.split('.').at(-1), now] as const),
    ...history.renames.map((rename) => [rename.from.name, rename.to.name] as const),
  ];
  // A column can be named with its table as it was or as it is.
  const before = (id: ObjectId): readonly ObjectId[] => [
    id,
    ...tables.flatMap(([old, now]) => (old !== undefined && id.table === now ? [{ ...id, table: old }] : [])),
  ];
  const named = [
    ...[...pairs.map(([old = '']) => old), ...drops].flatMap((path) => idsOfPath(path).flatMap(before)),
    ...history.renames.filter((rename) => to.has(rename.to)).flatMap((rename) => before(rename.from)),
  ];
  const given = named.filter((id) => from.has(id) && !to.has(id) && originIn(origins, id) === 'hand');
  return given.length === 0
    ? origins
    : new Map([...origins, ...given.map((id) => [originKey(id), 'generated'] as const)]);
}
