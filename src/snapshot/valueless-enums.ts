import { MigrateError } from '../errors.js';
import type { EventListener } from '../events.js';
import { enumOf } from '../schema/column.js';
import { keyOf, objectId } from '../schema/object-id.js';
import { schemaOf } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import type { ValuelessEnum } from '../shadow/entity-enums.js';

/**
 * What the entities describe, with the values that enums have already where the entities do not say any: TypeORM does not compare these
 * either, so that a project may live with it for years. A new enum must have values.
 */
export function withPresentValues(
  wanted: Schema,
  present: Schema,
  valueless: readonly ValuelessEnum[],
  onEvent: EventListener,
): Schema {
  if (valueless.length === 0) return wanted;
  const values = new Map<string, unknown>();
  const unknown: string[] = [];
  for (const { schema, type, columns } of valueless) {
    const id = objectId('type', schema, type);
    // By the name that TypeORM gives it, or by its original name.
    const known =
      (present.get(id)?.is['values'] as readonly string[] | undefined) ??
      columns.map(({ table, name }) => enumOf(objectId('column', schema, name, table), present)).find(Boolean)?.values;
    if (known === undefined) unknown.push(...columns.map(({ where }) => where));
    else values.set(keyOf(id), known);
  }
  if (unknown.length > 0) throw withoutValues(unknown);
  const message = `Enums without values: ${named(valueless.flatMap(({ columns }) => columns.map(({ where }) => where)))}. ${reason} Their types were left as they are: a value that was added in the code is not noticed. ${advice}`;
  onEvent({ type: 'warning', code: 'ENUM_WITHOUT_VALUES', message });
  return schemaOf(
    wanted.facts.map((fact) => {
      const known = values.get(keyOf(fact.id));
      return known === undefined ? fact : { ...fact, payload: { ...fact.payload, values: known } };
    }),
    wanted.edges,
  );
}

const reason =
  'Their option `enum` is a text, or was undefined when the class was read, as it is where files import each other in a circle.';
const advice =
  'Give `enum` the values. Import each enum from the file that declares it, which should import no entity; not from an index file.';
const most = 5;

function named(columns: readonly string[]): string {
  const more = columns.length > most ? ` and ${columns.length - most} more` : '';
  return `${columns.slice(0, most).join(', ')}${more}`;
}

function withoutValues(columns: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: `Enums without values, which the migrations do not create either: ${columns.join(', ')}. ${reason}`,
    next: advice,
  });
}
