import { indexDefinition, indexParts, keyDefinition } from '../../schema/definition.js';
import { describeObject, objectId, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { ownDefinitionOf } from '../../schema/own-words.js';
import { existingTable, sameId } from '../context.js';
import { isPartitioned, leafPartitions } from '../partitions.js';
import { isRemadeWithType } from './lost-values.js';
import { isKeyUnderNewName } from './renamed-key.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Phase } from '../../files/phase.js';
import type { Step } from '../step.js';
import { fittingName, nameOnPartition, quoteName } from '../../sql/index.js';

/** An index on a table in use is built concurrently, which cannot run in a transaction. */
export const createIndex: Recipe = (change, context) => {
  const { id: index } = change;
  const table = change.kind === 'create index' ? existingTable(index, context) : undefined;
  if (!table) return undefined;
  if (isRemadeWithType(index, context)) return [];
  if (context.from.has(index)) return replaceIndex(index, table, context, `DROP INDEX IF EXISTS ${sqlName(index)}`);
  if (isPartitioned(table, context)) return indexOnPartitions(index, index, table, context);
  const key = keyThatBecomesIndex(index, table, context);
  if (key)
    return replaceIndex(
      index,
      table,
      context,
      `ALTER TABLE ${tableSql(table)} DROP CONSTRAINT ${quoteName(key.name ?? '')}`,
    );
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

/**
 * Partitioned tables do not support concurrent builds. Their partitions do, and CREATE INDEX then attaches those indexes instead of building
 * new ones: https://www.postgresql.org/docs/current/ddl-partitioning.html
 */
function indexOnPartitions(index: ObjectId, called: ObjectId, table: ObjectId, context: PlanContext): readonly Step[] {
  const { unique, method, keys } = indexParts(ownDefinitionOf(context.to, index));
  const partitions = leafPartitions(table, context);
  return [
    ...partitions.flatMap((partition) => {
      const own = indexOf(partition, nameOnPartition(partition, called.name ?? ''));
      return [
        dropLeftover(own),
        step(
          `CREATE ${unique}INDEX CONCURRENTLY ${quoteName(own.name)} ON ${tableSql(partition)} USING ${method} ${keys}`,
          {
            comment: `Builds ${describeObject(index)} on ${describeObject(partition)} while the table stays in use.`,
            transaction: false,
            effect: 'builds, does not block',
          },
        ),
      ];
    }),
    ...besideBuild([
      step(`CREATE ${unique}INDEX ${quoteName(called.name ?? '')} ON ${tableSql(table)} USING ${method} ${keys}`, {
        comment: takesOver('their indexes are built here'),
        effect: partitions.length > 0 ? 'brief lock' : 'writers wait while it builds',
      }),
    ]),
  ];
}

export function indexOf({ schema }: ObjectId, name: string): ObjectId & { readonly name: string } {
  return { kind: 'index', ...(schema !== undefined && { schema }), name };
}

/**
 * Puts statements that lock a table briefly into the migration that builds their index, so that a revert does not have to build anything
 * again. `run` gives each of them the lockTimeout, and retries it.
 */
export function besideBuild(steps: readonly Step[]): readonly Step[] {
  return steps.map((one) => ({ ...one, transaction: false, afterCommit: false }));
}

/** The comment above the statement for the whole table. */
export function takesOver(otherwise: string): string {
  return `Attaches those of the partitions. If there are partitions that no migration creates, ${otherwise} while writes wait; to avoid that, first do the same on them by hand.`;
}

/** If the index covers a renamed column, the old version of the app still queries by the old name. */
function phaseOf(index: ObjectId, { from, decisions }: PlanContext): Phase {
  const isOnOldName = decisions.renames.some((rename) => from.needs(index).some((id) => sameId(id, rename.from)));
  return isOnOldName ? 'contract' : 'expand';
}

/** The old index stays in use until the new one is built. */
function replaceIndex(index: ObjectId, table: ObjectId, context: PlanContext, dropOld: string): readonly Step[] {
  const draft = { ...index, name: fittingName(`${index.name ?? ''}_new`) };
  const name = quoteName(index.name ?? '');
  const { unique, rest } = indexParts(ownDefinitionOf(context.to, index));
  const phase = phaseOf(index, context);
  const whole = isPartitioned(table, context);
  const build = whole
    ? indexOnPartitions(index, draft, table, context)
    : [
        dropLeftover(draft),
        step(`CREATE ${unique}INDEX CONCURRENTLY ${quoteName(draft.name)} ${rest}`, {
          comment: `Builds the new ${describeObject(index)} beside the old one, while the table stays in use.`,
          transaction: false,
          effect: 'builds, does not block',
        }),
      ];
  const parts = whole ? leafPartitions(table, context) : [];
  return [
    ...build,
    // Dropping one of its columns has already dropped the index.
    step(dropOld, { comment: 'The new one takes its place.', phase }),
    step(`ALTER INDEX ${sqlName(draft)} RENAME TO ${name}`, { phase }),
    ...parts.map((partition) => {
      const [now, then] = [draft.name, index.name ?? ''].map((one) => nameOnPartition(partition, one));
      return step(`ALTER INDEX ${sqlName(indexOf(partition, now ?? ''))} RENAME TO ${quoteName(then ?? '')}`, {
        phase,
      });
    }),
  ];
}

/** A key whose name the index takes. If the key were dropped before the index is built, duplicates could be inserted. */
function keyThatBecomesIndex(index: ObjectId, table: ObjectId, { from, to }: PlanContext): ObjectId | undefined {
  const key = keyNamed(index, table);
  return from.has(key) && !to.has(key) && from.neededBy(key).length === 0 ? key : undefined;
}

function keyNamed({ name = '' }: ObjectId, table: ObjectId): ObjectId {
  return objectId('constraint', table.schema, name, table.name);
}

/** The key is dropped in the transaction in which the index takes its name. */
export const dropKeyForIndex: Recipe = (change, context) => {
  const { kind, id } = change;
  if (kind !== 'drop' || id.kind !== 'constraint') return undefined;
  const index = objectId('index', id.schema, id.name ?? '');
  const table = context.to.has(index) && !context.from.has(index) ? existingTable(index, context) : undefined;
  if (!table || isPartitioned(table, context)) return undefined;
  return keyThatBecomesIndex(index, table, context) ? [] : undefined;
};

/** An index that a key adopts together with its name, so that the key only has to be declared. */
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
    comment: 'Removes the invalid index of an interrupted attempt.',
    transaction: false,
    effect: 'does not block',
  });
}

/**
 * Queries of the old version may still need a plain index; a unique one forbids rows that the new version may write, unless it only gets
 * another name for a column.
 */
export const dropIndex: Recipe = (change, context) => {
  const { id: index } = change;
  const table = change.kind === 'drop' && index.kind === 'index' ? existingTable(index, context) : undefined;
  if (!table) return undefined;
  if (context.to.has(index)) return [];
  const key = keyNamed(index, table);
  const forbids = indexDefinition(context.from, index).unique !== '' && !isKeyUnderNewName(index, context);
  const phase = forbids ? 'expand' : 'contract';
  if (isPartitioned(table, context)) {
    const comment = `Removes ${describeObject(index)}. The index of a partitioned table cannot be dropped concurrently: reads and writes block briefly.`;
    return [step(`DROP INDEX IF EXISTS ${sqlName(index)}`, { comment, phase })];
  }
  if (context.to.has(key) && indexThatBecomesKey(key, context)) return [];
  return [
    step(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`, {
      comment: `Removes ${describeObject(index)} while the table stays in use.`,
      transaction: false,
      phase,
      effect: 'does not block',
    }),
  ];
};
