import { describeObject } from '../../schema/object-id.js';
import { isMember } from '../../schema/differences.js';
import { schemaOf } from '../../schema/read.js';
import type { Schema } from '../../schema/read.js';
import { abortable } from '../../database/cancel.js';
import { messageOf } from '../../errors.js';
import { listMigrations } from '../../files/list-migrations.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import type { Described } from '../../snapshot/described.js';
import { ofMigrations } from '../../snapshot/of-migrations.js';
import type { Current } from '../../snapshot/of-migrations.js';
import type { CommandContext } from '../context.js';
import { pending } from '../run.js';
import { wanted } from './change.js';
import type { BaselineOptions } from './types.js';

/** What a database must have before the pending migrations are recorded as applied. */
export interface Expected {
  readonly schema: Schema;
  /** Warnings about what the database lacks. */
  readonly remarksOn: (live: Schema) => readonly string[];
}

/** The schema of the entities, with the objects that the migrations create by hand if some of them are pending. */
export async function withPendingByHand(
  described: Described,
  { entities, live }: { readonly entities: Schema; readonly live: Schema },
  options: BaselineOptions,
  context: CommandContext,
): Promise<Expected> {
  const { files, classes } = await listMigrations(context);
  const waiting = files.length + classes.length === 0 ? [] : await pending(context);
  if (waiting.length === 0) return { schema: entities, remarksOn: () => [] };
  const current = await replayed(described, options, context);
  if (typeof current === 'string') return { schema: entities, remarksOn: () => [current] };
  const { origins } = current;
  const { schema, kept } = wanted(current.schema, [], {}, { desired: entities, origins });
  const names = waiting.map(({ name }) => name);
  return {
    schema: withExtensionsOf(live, schema),
    remarksOn: (own) =>
      remarksOnLacking(kept.filter((id) => !own.has(id) && !isMember(id, schema)).map(describeObject), names),
  };
}

/** A check can go on without them. */
async function replayed(
  { unmanaged }: Described,
  { shadow: url, check }: BaselineOptions,
  context: CommandContext,
): Promise<Current | string> {
  context.onEvent({ type: 'stage', stage: 'replaying the migrations' });
  const cache = cacheFor({ shadow: url });
  const replay = (): Promise<Current> => ofMigrations(context, { url, cache, unmanaged });
  return abortable(context.signal, replay, 'Nothing was changed.').catch((error: unknown) => {
    if (check !== true || context.signal.aborted) throw error;
    return `Only the entities were compared: the migrations, some of which are pending, could not be replayed. ${messageOf(error)}`;
  });
}

/** An administrator decides about the schema of an extension. */
function withExtensionsOf(live: Schema, schema: Schema): Schema {
  const facts = schema.facts.map((fact) => (fact.id.kind === 'extension' ? (live.factOf(fact.id) ?? fact) : fact));
  return schemaOf(facts, schema.edges);
}

function remarksOnLacking(objects: readonly string[], names: readonly string[]): readonly string[] {
  if (objects.length === 0) return [];
  const [who, verb, others] =
    names.length === 1
      ? [names[0], 'is pending and creates', 'its effects']
      : [`${names.length} migrations from ${names[0]} to ${names.at(-1)}`, 'are pending and create', 'their effects'];
  return [
    `${who} ${verb} by hand what the database lacks: ${objects.join(', ')}. To record ${others} as applied, the database must have all of them.`,
  ];
}
