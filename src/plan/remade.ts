import { keyOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { catalogOf } from './privileges.js';
import type { Step } from './step.js';

/** Without a policy or a trigger, forbidden rows could be read or written. */
const missed = new Set(['policy', 'trigger', 'rule']);

/** An object that is dropped in one file and recreated in a later one. */
export function tornApart(files: readonly { readonly steps: readonly Step[] }[]): ObjectId | undefined {
  const remade = (file: number, id: ObjectId): boolean =>
    files[file]?.steps.some(({ brings = [] }) => brings.some((other) => isSameThing(id, other))) === true;
  const taken = files.flatMap(({ steps }, file) =>
    steps.flatMap(({ takes = [] }) => takes.map((id) => ({ id, file }))),
  );
  return taken
    .filter(({ id }) => missed.has(id.kind) || placeOf(id) !== undefined)
    .find(({ id, file }) => !remade(file, id) && files.some((_file, at) => at > file && remade(at, id)))?.id;
}

/** Equal for two objects of which one can inherit the privileges of the other: a view and a materialized view of the same name. */
export function placeOf(id: ObjectId): string | undefined {
  const catalog = id.kind === 'column' ? 'column' : catalogOf(id);
  return catalog && keyOf({ ...id, kind: catalog });
}

export function isSameThing(one: ObjectId, other: ObjectId): boolean {
  const place = placeOf(one);
  return keyOf(one) === keyOf(other) || (place !== undefined && place === placeOf(other));
}
