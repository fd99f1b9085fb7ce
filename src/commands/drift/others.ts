import { ownersOf } from '../../schema/differences.js';
import type { Fact } from '../../schema/engine.js';
import { describeObject } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { Survey } from '../context.js';

/** Other services that create objects in the same database. */
export interface Others {
  /** Their names, for messages. */
  readonly names: readonly string[];
  /**
   * Whether an object may belong to one of them. Their migrations are unknown, so it may be any object that no migration here creates,
   * unless it belongs to an object of this service.
   */
  mayOwn(fact: Fact, schema: Schema): boolean;
}

/** Recognised by their rows in the ledger, or by a ledger of their own. */
export function othersIn({ foreign }: Pick<Survey, 'foreign'>, said: Schema, has: Schema): Others {
  const inLedger = [...new Set(foreign.map(({ service }) => `${service}, in the same ledger`))];
  const ledgers = has.objects
    .filter(({ id }) => id.kind === 'table' && !said.has(id) && isLedger(has.childrenOf(id).map((child) => child.id)))
    .map(({ id }) => `one with the ledger ${describeObject(id).replace(/^table /, '')}`);
  const names = [...inLedger, ...ledgers];
  return {
    names,
    mayOwn: (fact, schema) =>
      names.length > 0 && !said.has(fact.id) && ownersOf(fact, schema).every(({ kind }) => kind === 'schema'),
  };
}

/** Whether a table has the columns with which TypeORM creates a ledger. */
function isLedger(children: readonly { readonly kind: string; readonly name?: string }[]): boolean {
  const columns = children.filter(({ kind }) => kind === 'column').map(({ name }) => name);
  return columns.toSorted().join() === 'id,name,timestamp';
}

export function othersWarning({ names }: Others): readonly string[] {
  if (names.length === 0) return [];
  const [who, them] = names.length === 1 ? ['Another service creates', 'it'] : ['Other services create', 'them'];
  return [
    `${who} objects in this database: ${names.join('; ')}. Tables, views, types and functions that no migration here creates may belong to ${them}, so they were ignored, and no statement drops them.`,
  ];
}
