import { MigrateError } from '../errors.js';
import type { EventListener } from '../events.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { schemaOf } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import { uniqueKeyOn } from '../schema/unique-key.js';
import type { UndeclaredKey } from '../shadow/undeclared-keys.js';

/**
 * What the entities describe, with the keys that they do not declare as they are already: a unique constraint, or a unique index. A key that
 * exists nowhere is refused: whether rows may be equal is not decided by a foreign key.
 */
export function withPresentKeys(
  wanted: Schema,
  present: Schema,
  undeclared: readonly UndeclaredKey[],
  onEvent: EventListener,
): Schema {
  if (undeclared.length === 0) return wanted;
  const others = new Map<string, ObjectId>();
  for (const key of undeclared) {
    const like = uniqueKeyOn(objectId('table', key.schema, key.table), key.columns, present);
    if (like === undefined) throw undeclaredKey(key);
    others.set(keyOf(objectId('constraint', key.schema, key.name, key.table)), like);
  }
  const message = `No entity declares what a foreign key of the entities needs: ${undeclared.map(described).join('; ')}. What the migrations have created for it was left as it is.`;
  onEvent({ type: 'warning', code: 'KEY_NOT_DECLARED', message: `${message} ${advice}` });
  const named = (id: ObjectId): ObjectId => others.get(keyOf(id)) ?? id;
  const found = [...others.values()].filter((id) => others.has(keyOf(id)) || !wanted.has(id));
  return schemaOf(
    [...wanted.facts.filter(({ id }) => !others.has(keyOf(id))), ...found.flatMap((id) => present.factOf(id) ?? [])],
    [
      ...wanted.edges
        .filter(({ from }) => !others.has(keyOf(from)))
        .map((edge) => ({ ...edge, from: named(edge.from), to: named(edge.to) })),
      ...found.flatMap((id) => present.edgesFrom(id)),
    ],
  );
}

const advice = 'Declare it: `@Column({ unique: true })`, or `@Unique([…])` for several columns.';

function described({ by, where }: UndeclaredKey): string {
  return `${by} refers to ${where}, which is not unique`;
}

function undeclaredKey(key: UndeclaredKey): MigrateError {
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: `${described(key)}, neither in the entity nor in the migrations. PostgreSQL cannot create such a foreign key. Nothing was written.`,
    next: advice,
  });
}
