import { indexDefinition, indexParts } from '../../schema/definition.js';
import { describeObject, sqlName } from '../../schema/object-id.js';
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
  if (context.from.has(index)) return replaceIndex(index, context);
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
function replaceIndex(index: ObjectId, context: PlanContext): readonly Step[] {
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
    // It has gone already where a column of it has.
    step(`DROP INDEX IF EXISTS ${sqlName(index)}`, { comment: 'The new one takes its place.', phase }),
    step(`ALTER INDEX ${sqlName(draft)} RENAME TO ${name}`, { phase }),
  ];
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
