import { ownersOf } from '../../schema/differences.js';
import type { Fact } from '../../schema/engine.js';
import { keepUnknown } from '../../schema/keep.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { schemaOf } from '../../schema/read.js';
import type { Schema } from '../../schema/read.js';
import { setAside } from '../../schema/set-aside.js';
import { noCache } from '../../shadow/cache.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { withShadow } from '../../shadow/shadow.js';
import { withSchemaOnShadow } from '../../snapshot/schema-on-shadow.js';
import type { CommandContext } from '../context.js';

type IsAside = (fact: Fact, schema: Schema) => boolean;

/** The schema of the entities, with all other objects of the database that are not ignored. */
export function withOthers(described: Schema, live: Schema, isAside: IsAside): ReturnType<typeof keepUnknown> {
  const own = setAside(described, schemaOf([], []), isAside);
  // The definition of a subscription contains a password.
  return keepUnknown(own, without(live, isAside), ({ kind }) => kind !== 'subscription');
}

/** The schema as the shadow prints it, after creating it there. */
export function printedOnShadow(
  schema: Schema,
  unmanaged: readonly ObjectId[],
  context: CommandContext,
  url: string | undefined,
): Promise<Schema> {
  return withShadow({ url, initial: () => initialStateOf(context) }, (shadow) =>
    withSchemaOnShadow(schema, context, { shadow, unmanaged, to: schema, cache: noCache, inOtherWords: true }, (made) =>
      Promise.resolve(withPositionsOf(schema, made.schema)),
    ),
  );
}

/** Orders the columns as in the database, where a column may have been added later than those after it. */
function withPositionsOf(schema: Schema, made: Schema): Schema {
  const facts = made.facts.map((fact) => {
    const position = fact.id.kind === 'column' ? schema.factOf(fact.id)?.payload['_position'] : undefined;
    return position === undefined ? fact : { ...fact, payload: { ...fact.payload, _position: position } };
  });
  return schemaOf(facts, made.edges);
}

/** The schema without ignored objects and everything that depends on them. */
function without(schema: Schema, isAside: IsAside): Schema {
  const gone = new Set(schema.facts.filter((fact) => isAside(fact, schema)).map(({ id }) => keyOf(id)));
  const isGone = (id: ObjectId): boolean => gone.has(keyOf(id));
  for (let grown = gone.size > 0; grown;) {
    const more = schema.facts.filter(
      (fact) => !isGone(fact.id) && [...ownersOf(fact, schema), ...schema.needs(fact.id)].some(isGone),
    );
    for (const { id } of more) gone.add(keyOf(id));
    grown = more.length > 0;
  }
  return schemaOf(
    schema.facts.filter(({ id }) => !isGone(id)),
    schema.edges,
  );
}
