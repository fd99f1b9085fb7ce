import { indexDefinition, indexParts, keyDefinition } from '../../schema/definition.js';
import { describeObject, sqlName, tableSql } from '../../schema/object-id.js';
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
  const keys = change.drops;
  const sameName = context.from.has(index) ? index : keys.find(({ name }) => name === index.name);
  return [
    ...(sameName ? replaceIndex(index, sameName, table, context) : newIndex(index, table, context)),
    ...keys.filter((key) => key !== sameName).flatMap((key) => dropReplacedKey(key, table, context)),
  ];
};

function newIndex(index: ObjectId, table: ObjectId, context: PlanContext): readonly Step[] {
  if (isPartitioned(table, context)) return indexOnPartitions(index, index, table, context);
  const { unique, nameAndRest } = indexParts(ownDefinitionOf(context.to, index));
  return [
    dropLeftover(index),
    step(`CREATE ${unique}INDEX CONCURRENTLY ${nameAndRest}`, {
      comment: `Builds ${describeObject(index)} while the table stays in use.`,
      transaction: false,
      effect: 'builds, does not block',
    }),
  ];
}

/** The key that a new one replaces, which has been built by then. */
export function dropReplacedKey(key: ObjectId, table: ObjectId, context: PlanContext): readonly Step[] {
  if (key.kind === 'index') return dropIndexSteps(key, table, context, 'expand');
  const sql = `ALTER TABLE ${tableSql(table)} DROP CONSTRAINT ${quoteName(key.name ?? '')}`;
  return [step(sql, { comment: 'The new one takes its place.', takes: [key] })];
}

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

/** The old index or key of this name stays in use until the new index is built. */
function replaceIndex(index: ObjectId, old: ObjectId, table: ObjectId, context: PlanContext): readonly Step[] {
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
  // Dropping one of its columns has already dropped an index.
  const dropOld = step(`DROP INDEX IF EXISTS ${sqlName(index)}`, { comment: 'The new one takes its place.', phase });
  return [
    ...build,
    ...(old.kind === 'index' ? [dropOld] : dropReplacedKey(old, table, context)),
    step(`ALTER INDEX ${sqlName(draft)} RENAME TO ${name}`, { phase }),
    ...parts.map((partition) => {
      const [now, then] = [draft.name, index.name ?? ''].map((one) => nameOnPartition(partition, one));
      return step(`ALTER INDEX ${sqlName(indexOf(partition, now ?? ''))} RENAME TO ${quoteName(then ?? '')}`, {
        phase,
      });
    }),
  ];
}

/** Whether a key can be declared on an index that is there, which takes the name of the key. */
export function isAdoptable(index: ObjectId, key: ObjectId, { from, to }: PlanContext): boolean {
  if (index.kind !== 'index' || key.kind !== 'constraint') return false;
  const { columns = '', include = '', nulls = '' } = keyDefinition(to, key) ?? {};
  const { unique, method, keys } = indexDefinition(from, index);
  return unique !== '' && method === 'btree' && keys === `(${columns})${include}${nulls}`;
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
  const forbids = indexDefinition(context.from, index).unique !== '' && !isKeyUnderNewName(index, context);
  return dropIndexSteps(index, table, context, forbids ? 'expand' : 'contract');
};

function dropIndexSteps(index: ObjectId, table: ObjectId, context: PlanContext, phase: Phase): readonly Step[] {
  if (isPartitioned(table, context)) {
    const comment = `Removes ${describeObject(index)}. The index of a partitioned table cannot be dropped concurrently: reads and writes block briefly.`;
    return [step(`DROP INDEX IF EXISTS ${sqlName(index)}`, { comment, phase, takes: [index] })];
  }
  return [
    step(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`, {
      comment: `Removes ${describeObject(index)} while the table stays in use.`,
      transaction: false,
      phase,
      effect: 'does not block',
      takes: [index],
    }),
  ];
}
