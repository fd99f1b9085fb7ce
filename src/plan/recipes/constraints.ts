import { keyDefinition } from '../../schema/definition.js';
import { describeObject, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { ownDefinitionOf } from '../../schema/own-words.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { dropLeftover, indexThatBecomesKey, isPartitioned } from './index-recipes.js';
import { notNullSteps } from './not-null.js';
import { plainName, quoteName, sqlTokens } from '../../sql/index.js';

/** Foreign keys and checks: new rows are checked at once, those that are there in a second transaction, under a lock that stops nobody. */
export const addValidated: Recipe = (change, context) => {
  const { id: constraint } = change;
  const table = change.kind === 'add constraint' ? existingTable(constraint, context) : undefined;
  const { type, validated } = context.to.get(constraint)?.is ?? {};
  if (!table || (type !== 'f' && type !== 'c') || validated !== true) return undefined;
  if (type === 'f' && isPartitioned(table, context) && context.targetVersion < 18) return undefined;
  return validatedSteps(table, constraint.name ?? '', ownDefinitionOf(context.to, constraint));
};

function validatedSteps(table: ObjectId, name: string, definition: string): readonly Step[] {
  return [
    step(`ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteName(name)} ${definition} NOT VALID`, {
      comment: 'Checks new rows from now on, without looking at those that are there.',
    }),
    step(`ALTER TABLE ${tableSql(table)} VALIDATE CONSTRAINT ${quoteName(name)}`, {
      comment: 'Looks at the rows that are there, while the table stays in use.',
      afterCommit: true,
      effect: 'scans, does not block',
    }),
  ];
}

/** Unique and primary keys: their index is built beside the traffic, then it only has to be declared. */
export const addKey: Recipe = (change, context) => {
  const { id: constraint } = change;
  const table = change.kind === 'add constraint' ? existingTable(constraint, context) : undefined;
  const key = keyDefinition(context.to, constraint);
  if (!table || !key || isPartitioned(table, context)) return undefined;
  const { kind, nulls, columns, include, deferrable } = key;
  const name = constraint.name ?? '';
  const index = { kind: 'index', ...(table.schema !== undefined && { schema: table.schema }), name };
  const replaced = context.from.has(constraint);
  const isBuilt = indexThatBecomesKey(constraint, context) !== undefined;
  const build = step(
    `CREATE UNIQUE INDEX CONCURRENTLY ${quoteName(name)} ON ${tableSql(table)} (${columns})${include}${nulls}`,
    {
      comment: `Builds the index of ${describeObject(constraint)} while the table stays in use. Fails if the columns contain duplicate values.`,
      transaction: false,
      effect: 'builds, does not block',
    },
  );
  return [
    ...(kind === 'PRIMARY KEY' ? keyColumns(columns).flatMap((column) => notNullIfNeeded(table, column, context)) : []),
    ...(replaced || isBuilt ? [] : [dropLeftover(index)]),
    ...(isBuilt ? [] : [build]),
    step(
      `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteName(name)} ${kind} USING INDEX ${sqlName({ kind: 'index', name })}${deferrable}`,
      {
        comment: 'Declares it, which is a matter of the catalog only.',
      },
    ),
  ];
};

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
  // A column that is set NOT NULL by a change of its own, or was so, needs nothing here.
  if (!before || before.is['notNull'] === true || to.get(id)?.is['notNull'] === true) return [];
  return notNullSteps(table, column);
}
