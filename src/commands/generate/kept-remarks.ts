import { columnOf, ownerOf } from '../../schema/column.js';
import { isMember } from '../../schema/differences.js';
import { describeObject, keyOf, relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { originIn } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import { pathOf } from './path-of.js';
import { isPartOf } from './partition-remarks.js';
import { mustBeFilled } from './unfilled-columns.js';

/** Warnings about objects that are not in the entities, and are kept. */
export function remarksOnKept(
  kept: readonly ObjectId[],
  { desired, origins }: { readonly desired: Schema; readonly origins: OriginMap },
  present: Schema,
): readonly string[] {
  const keys = new Set(kept.map(keyOf));
  const told = kept
    .filter((id) => id.kind !== 'extension' && !isPrepared(id, origins) && !isPartOf(id, desired, present))
    .filter((id) => !isOfKept(id, keys, present) && !isMember(id, present));
  const isInitial = (id: ObjectId): boolean => originIn(origins, id) === 'initial';
  return [
    ...told.filter((id) => originIn(origins, id) !== 'hand').flatMap((id) => perhapsRenamed(id, desired, present)),
    ...told.filter((id) => mustBeFilled(id, present)).map(unfilled),
    ...keptLines(
      told.filter((id) => !isInitial(id)),
      ['was created by hand', 'were created by hand'],
    ),
    ...keptLines(told.filter(isInitial), ['is part of the initial state', 'are part of the initial state']),
  ];
}

/** A column of a database that no migration creates is kept beside a new one, which may be the same column with a new name. */
function perhapsRenamed(id: ObjectId, desired: Schema, present: Schema): readonly string[] {
  if (id.kind !== 'column') return [];
  const type = columnOf(present, id)?.type;
  const isLike = (other: ObjectId): boolean =>
    other.kind === 'column' && other.table === id.table && other.schema === id.schema && !present.has(other);
  const like = desired.objects.filter((one) => isLike(one.id) && columnOf(desired, one.id)?.type === type);
  return like.map(
    (one) => `If ${pathOf(one.id)} is ${pathOf(id)} under a new name: --rename ${pathOf(id)}=${one.id.name ?? ''}.`,
  );
}

/** The app has no property for it, and so does not write it. */
function unfilled(id: ObjectId): string {
  return `${describeObject(id)} is NOT NULL and has no default, so every INSERT that does not name it fails: --drop ${pathOf(id)} drops it.`;
}

const most = 3;

/** One line for each object, or a single line with the first ones if there are more: it is repeated with every command. */
function keptLines(ids: readonly ObjectId[], [one, many]: readonly [string, string]): readonly string[] {
  const names = ids.map(describeObject);
  if (names.length <= most)
    return names.map(
      (name) =>
        `${name} is not in the entities, but ${one}: it is kept (generate --prune drops it; the setting \`ignore\` silences this).`,
    );
  const first = names.slice(0, most);
  return [
    `${names.length} objects are not in the entities, but ${many}: they are kept (generate --prune drops them; with --dry-run, it only lists them; the setting \`ignore\` silences this): ${first.join(', ')} and ${names.length - most} more.`,
  ];
}

/** A sequence is reported with the table that owns it. */
function isOfKept(id: ObjectId, kept: ReadonlySet<string>, present: Schema): boolean {
  const owner = id.kind === 'sequence' ? ownerOf(id, present) : undefined;
  return owner !== undefined && [owner, relationOf(owner)].some((one) => kept.has(keyOf(one)));
}

/** Whether it existed before the first migration and is not described by the entities. Such an object is expected and never dropped. */
export function isPrepared(id: ObjectId, origins: OriginMap): boolean {
  return originIn(origins, id) === 'initial' && id.table === undefined && id.kind !== 'index';
}
