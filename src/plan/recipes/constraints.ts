import { keyDefinition } from '../../schema/definition.js';
import type { KeyDefinition } from '../../schema/definition.js';
import { describeObject, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { ownDefinitionOf } from '../../schema/own-words.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { isPartitioned, leafPartitions } from '../partitions.js';
import { dropLeftover, besideBuild, dropReplacedKey, indexOf, isAdoptable, takesOver } from './index-recipes.js';
import { notNullSteps } from './not-null.js';
import { fittingName, nameOnPartition, plainName, quoteName, sqlTokens } from '../../sql/index.js';

/** Foreign keys and checks are first enforced for new rows, and validated in a second transaction, with a lock that does not block. */
export const addValidated: Recipe = (change, context) => {
  const { id: constraint } = change;
  const table = change.kind === 'add constraint' ? existingTable(constraint, context) : undefined;
  const { type, validated } = context.to.get(constraint)?.is ?? {};
  if (!table || (type !== 'f' && type !== 'c') || validated !== true) return undefined;
  const definition = ownDefinitionOf(context.to, constraint);
  return type === 'f' && isPartitioned(table, context) && context.targetVersion < 18
    ? foreignKeyOnPartitions(table, constraint.name ?? '', definition, context)
    : validatedSteps(table, constraint.name ?? '', definition);
};

function validatedSteps(table: ObjectId, name: string, definition: string): readonly [added: Step, validated: Step] {
  return [
    step(`ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteName(name)} ${definition} NOT VALID`, {
      comment: 'Checks new rows from now on, without scanning the existing ones.',
    }),
    step(`ALTER TABLE ${tableSql(table)} VALIDATE CONSTRAINT ${quoteName(name)}`, {
      comment: 'Checks the existing rows while the table stays in use.',
      afterCommit: true,
      effect: 'scans, does not block',
    }),
  ];
}

/** Before PostgreSQL 18, partitioned tables do not support NOT VALID foreign keys, but their partitions do. */
function foreignKeyOnPartitions(
  table: ObjectId,
  name: string,
  definition: string,
  context: PlanContext,
): readonly Step[] {
  const partitions = leafPartitions(table, context);
  const parts = partitions.map((partition) => validatedSteps(partition, name, definition));
  return [
    ...besideBuild([...parts.map(([added]) => added), ...parts.map(([, validated]) => validated)]),
    ...besideBuild([
      step(`ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteName(name)} ${definition}`, {
        comment: takesOver('their rows are checked here'),
        effect: parts.length > 0 ? 'brief lock' : 'writers wait while it scans',
      }),
    ]),
  ];
}

/** The index of a unique or primary key is built concurrently, and the key then only has to be declared. */
export const addKey: Recipe = (change, context) => {
  const { id: constraint } = change;
  const table = change.kind === 'add constraint' ? existingTable(constraint, context) : undefined;
  const key = keyDefinition(context.to, constraint);
  if (!table || !key) return undefined;
  const { kind, nulls, columns, include, deferrable } = key;
  const filled =
    kind === 'PRIMARY KEY' ? keyColumns(columns).flatMap((column) => notNullIfNeeded(table, column, context)) : [];
  const name = constraint.name ?? '';
  const drop = (olds: readonly ObjectId[]) => olds.flatMap((old) => dropReplacedKey(old, table, context));
  const isNamesake = (old: ObjectId): boolean => old.name === name;
  if (isPartitioned(table, context)) {
    // Its partitions have their own indexes, of the same names too.
    const [first, gone] = [isNamesake, (old: ObjectId) => !isNamesake(old)].map((is) => drop(change.drops.filter(is)));
    return [...filled, ...(first ?? []), ...keyOnPartitions(table, constraint, key, gone ?? [], context)];
  }
  const adopted = change.drops.find((old) => isAdoptable(old, constraint, context));
  const replaced = change.drops.filter((old) => old !== adopted);
  const isTaken = replaced.some(isNamesake);
  const index = adopted?.name ?? (isTaken ? fittingName(`${name}_new`) : name);
  const build = step(
    `CREATE UNIQUE INDEX CONCURRENTLY ${quoteName(index)} ON ${tableSql(table)} (${columns})${include}${nulls}`,
    {
      comment: `Builds the index of ${describeObject(constraint)} while the table stays in use. Fails if the columns contain duplicate values.`,
      transaction: false,
      effect: 'builds, does not block',
    },
  );
  // What is no key, and has had this name, has been dropped.
  const isFree = isTaken || !context.from.has(constraint);
  return [
    ...filled,
    ...(adopted || !isFree ? [] : [dropLeftover(indexOf(table, index))]),
    ...(adopted ? [] : [build]),
    ...drop(replaced),
    step(
      `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteName(name)} ${kind} USING INDEX ${sqlName({ kind: 'index', name: index })}${deferrable}`,
      {
        comment: 'Declares the constraint, which changes only the catalog.',
      },
    ),
  ];
};

/** Partitioned tables do not support USING INDEX. Each partition gets the key that way, and the table then attaches these. */
function keyOnPartitions(
  table: ObjectId,
  constraint: ObjectId,
  { kind, nulls, columns, include, deferrable }: KeyDefinition,
  gone: readonly Step[],
  context: PlanContext,
): readonly Step[] {
  const partitions = leafPartitions(table, context);
  const name = constraint.name ?? '';
  return [
    ...partitions.flatMap((partition) => {
      const own = indexOf(partition, nameOnPartition(partition, name));
      const [quoted, target] = [quoteName(own.name), tableSql(partition)];
      return [
        dropLeftover(own),
        step(`CREATE UNIQUE INDEX CONCURRENTLY ${quoted} ON ${target} (${columns})${include}${nulls}`, {
          comment: `Builds the index of ${describeObject(constraint)} on ${describeObject(partition)} while the table stays in use. Fails if the columns contain duplicate values.`,
          transaction: false,
          effect: 'builds, does not block',
        }),
      ];
    }),
    ...besideBuild([
      ...gone,
      ...partitions.map((partition) => {
        const own = quoteName(nameOnPartition(partition, name));
        return step(`ALTER TABLE ${tableSql(partition)} ADD CONSTRAINT ${own} ${kind} USING INDEX ${own}${deferrable}`);
      }),
      step(
        `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteName(name)} ${kind}${nulls} (${columns})${include}${deferrable}`,
        {
          comment: takesOver('their indexes are built here'),
          effect: partitions.length > 0 ? 'brief lock' : 'all wait while it scans',
        },
      ),
    ]),
  ];
}

function keyColumns(columns: string): readonly string[] {
  const names = [...sqlTokens(columns)].filter(({ kind }) => kind === 'name' || kind === 'word');
  return names.map(({ text }) => plainName(text));
}

function notNullIfNeeded(table: ObjectId, column: string, { from, to }: PlanContext): readonly Step[] {
  const id = {
    kind: 'column',
    ...(table.schema !== undefined && { schema: table.schema }),
    table: table.name ?? '',
    name: column,
  };
  const before = from.get(id);
  // A column that is already NOT NULL, or becomes so in a change of its own, needs nothing here.
  if (!before || before.is['notNull'] === true || to.get(id)?.is['notNull'] === true) return [];
  return notNullSteps(table, column);
}
