import { indexDefinition, indexParts, keyDefinition } from '../../schema/definition.js';
import { describeObject, objectId, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { ownDefinitionOf } from '../../schema/own-words.js';
import { existingTable, sameId } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Phase } from '../../files/phase.js';
import type { Step } from '../step.js';
import { fittingName, quoteName } from '../../sql/index.js';

/** An index on a table that is in use is built beside the traffic, which cannot be in a transaction. */
export const createIndex: Recipe = (change, context) => {
  const { id: index } = change;
  const table = change.kind === 'create index' ? existingTable(index, context) : undefined;
  if (!table || isPartitioned(table, context)) return undefined;
  if (context.from.has(index)) return replaceIndex(index, context, `DROP INDEX IF EXISTS ${sqlName(index)}`);
  const key = keyThatBecomesIndex(index, table, context);
  if (key)
    return replaceIndex(index, context, `ALTER TABLE ${tableSql(table)} DROP CONSTRAINT ${quoteName(key.name ?? '')}`);
  const { unique, nameAndRest } = indexParts(ownDefinitionOf(context.to, index));
  return [
    dropLeftover(index),
    step(`CREATE ${unique}INDEX CONCURRENTLY ${nameAndRest}`, {
      comment: `Builds ${describeObject(index)} while the table stays in use.`,
      transaction: false,
      effect: 'builds, does not block',
    }),
  ];
};

/** Where it is about a column that gets another name, the old version of the app still asks by the old one. */
function phaseOf(index: ObjectId, { from, decisions }: PlanContext): Phase {
  const isOnOldName = decisions.renames.some((rename) => from.needs(index).some((id) => sameId(id, rename.from)));
  return isOnOldName ? 'contract' : 'expand';
}

/** The old one serves until the new one is there. */
function replaceIndex(index: ObjectId, context: PlanContext, dropOld: string): readonly Step[] {
  const draft = { ...index, name: fittingName(`${index.name ?? ''}_new`) };
  const name = quoteName(index.name ?? '');
  const { unique, rest } = indexParts(ownDefinitionOf(context.to, index));
  const phase = phaseOf(index, context);
  return [
    dropLeftover(draft),
    step(`CREATE ${unique}INDEX CONCURRENTLY ${quoteName(draft.name)} ${rest}`, {
      comment: `Builds the new ${describeObject(index)} beside the old one, while the table stays in use.`,
      transaction: false,
      effect: 'builds, does not block',
    }),
    // An index has gone already where a column of it has.
    step(dropOld, { comment: 'The new one takes its place.', phase }),
    step(`ALTER INDEX ${sqlName(draft)} RENAME TO ${name}`, { phase }),
  ];
}

/** A key whose name the index gets. While it is dropped and an index is built, duplicates could come. */
function keyThatBecomesIndex(index: ObjectId, table: ObjectId, { from, to }: PlanContext): ObjectId | undefined {
  const key = keyNamed(index, table);
  return from.has(key) && !to.has(key) && from.neededBy(key).length === 0 ? key : undefined;
}

function keyNamed({ name = '' }: ObjectId, table: ObjectId): ObjectId {
  return objectId('constraint', table.schema, name, table.name);
}

/** It goes in the moment in which the index takes its name. */
export const dropKeyForIndex: Recipe = (change, context) => {
  const { kind, id } = change;
  if (kind !== 'drop' || id.kind !== 'constraint') return undefined;
  const index = objectId('index', id.schema, id.name ?? '');
  const table = context.to.has(index) && !context.from.has(index) ? existingTable(index, context) : undefined;
  if (!table || isPartitioned(table, context)) return undefined;
  return keyThatBecomesIndex(index, table, context) ? [] : undefined;
};

/** An index that a key takes over, name and all: it only has to be declared. */
export function indexThatBecomesKey(key: ObjectId, { from, to }: PlanContext): ObjectId | undefined {
  const index = objectId('index', key.schema, key.name ?? '');
  if (!from.has(index) || to.has(index) || from.get(index)?.parent?.name !== key.table) return undefined;
  const { columns = '', include = '', nulls = '' } = keyDefinition(to, key) ?? {};
  const { unique, method, keys } = indexDefinition(from, index);
  const isSame = unique !== '' && method === 'btree' && keys === `(${columns})${include}${nulls}`;
  return isSame ? index : undefined;
}

export function dropLeftover(index: ObjectId): Step {
  return step(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`, {
    comment: 'An attempt that was cut off leaves an invalid index behind.',
    transaction: false,
    effect: 'does not block',
  });
}

/** A plain index may still be what the old version's queries live on; a unique one forbids what the new version may want to write. */
export const dropIndex: Recipe = (change, context) => {
  const { id: index } = change;
  const table = change.kind === 'drop' && index.kind === 'index' ? existingTable(index, context) : undefined;
  if (!table || isPartitioned(table, context)) return undefined;
  if (context.to.has(index)) return [];
  const key = keyNamed(index, table);
  if (context.to.has(key) && indexThatBecomesKey(key, context)) return [];
  return [
    step(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`, {
      comment: `Removes ${describeObject(index)} while the table stays in use.`,
      transaction: false,
      phase: indexDefinition(context.from, index).unique ? 'expand' : 'contract',
      effect: 'does not block',
    }),
  ];
};

export function isPartitioned(table: ObjectId, { from }: PlanContext): boolean {
  return (from.get(table)?.is['partitionKey'] ?? undefined) !== undefined;
}
