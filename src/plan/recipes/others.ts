import type { Change } from '../../schema/change.js';
import { ownerOf } from '../../schema/column.js';
import { describeObject, relationOf, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import { isKeyUnderNewName } from './renamed-key.js';
import type { Effect } from '../step.js';

/** A new enum value can be used only after a commit. */
export const addEnumValue: Recipe = (change) =>
  change.kind === 'add enum value'
    ? [step(`ALTER TYPE ${sqlName(change.id)} ADD VALUE IF NOT EXISTS ${change.clause}`, { effect: 'does not block' })]
    : undefined;

/** TypeORM creates most of the extensions that it needs when it connects, so they may exist already. */
export const createExtension: Recipe = (change) =>
  change.kind === 'create extension'
    ? [step(`CREATE EXTENSION IF NOT EXISTS ${change.clause}`, { effect: 'does not block', apart: 'extensions' })]
    : undefined;

/** The schema of the ledger exists before anything can run. */
export const createSchema: Recipe = (change) =>
  change.kind === 'create schema'
    ? [step(`CREATE SCHEMA IF NOT EXISTS ${sqlName(change.id)}`, { effect: 'does not block' })]
    : undefined;

/** An INSERT locks the table first and then its sequence: in the other order, both would wait for each other. */
export const alterSequence: Recipe = (change, context) => {
  const { kind, id } = change;
  const column = kind === 'alter sequence' || kind === 'own sequence' ? ownerOf(id, context.from) : undefined;
  const table = column && existingTable(column, context);
  if (!table) return undefined;
  return [
    step(`LOCK TABLE ${tableSql(table)} IN ACCESS EXCLUSIVE MODE`, {
      comment: 'An INSERT locks the table first, and then its sequence.',
    }),
    step(change.sql),
  ];
};

const dropped = new Set([
  'table',
  'view',
  'materializedView',
  'type',
  'domain',
  'sequence',
  'function',
  'procedure',
  'schema',
  'extension',
]);

/** An object is dropped after the old version of the app is gone; one that is recreated is replaced immediately. */
export const dropObject: Recipe = (change, context) => {
  const { id } = change;
  if (change.kind !== 'drop' || context.to.has(id)) return undefined;
  if (!dropped.has(id.kind) && !goesWithMore(id, context)) return undefined;
  const rows = id.kind === 'table' || id.kind === 'column';
  return [
    step(change.sql, {
      comment: `Drops ${describeObject(id)}${rows ? ' with its data' : ''}.`,
      phase: 'contract',
      loses: change.loses,
    }),
  ];
};

/** A dropped part of a table, or a constraint of a dropped column, on which the old version of the app still relies. */
function goesWithMore(id: ObjectId, context: PlanContext): boolean {
  const { from, to } = context;
  if (id.table === undefined || id.kind === 'column') return false;
  if (!to.has(relationOf(id))) return true;
  if (isKeyUnderNewName(id, context)) return true;
  const holds =
    (id.kind === 'constraint' && from.get(id)?.is['type'] === 'f') || ['policy', 'trigger'].includes(id.kind);
  return holds && from.needs(id).some((other) => other.kind === 'column' && !to.has(other));
}

/** All other changes, unmodified, with their effect stated. */
export const plain: Recipe = (change, context) => {
  const relation =
    change.uses.find((id) => existingTable(id, context)) ?? change.creates.find((id) => existingTable(id, context));
  return [
    step(change.sql, {
      effect: relation === undefined ? 'does not block' : effectOf(change, context.to),
      loses: change.loses,
    }),
  ];
};

function effectOf({ kind, id }: Change, { get }: Schema): Effect {
  const { type, generatedExpr, identity } = get(id)?.is ?? {};
  const isComputed = (generatedExpr ?? identity ?? undefined) !== undefined;
  if (kind === 'add constraint') return type === 'f' ? 'writers wait while it scans' : 'all wait while it scans';
  if (kind === 'create index') return 'writers wait while it builds';
  return kind === 'add identity' || (kind === 'add column' && isComputed) ? 'all wait while it rewrites' : 'brief lock';
}
