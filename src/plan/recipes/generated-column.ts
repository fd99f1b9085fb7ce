import { describeObject, tableSql } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { ObjectId } from '../../schema/object-id.js';
import { existingTable } from '../context.js';
import type { Recipe } from '../context.js';
import { step } from '../step.js';
import { quoteName } from '../../sql/index.js';

/** A generated column that becomes a plain one keeps its values, where dropping and adding it would lose them. */
export const dropExpression: Recipe = (change, context) => {
  const column = [...change.drops, ...change.creates].find(({ kind }) => kind === 'column');
  const table = column && existingTable(column, context);
  if (!column || !table || !isOnlyFreed(column, context.from, context.to)) return undefined;
  if (change.verb === 'create') return [];
  return [
    step(`ALTER TABLE ${tableSql(table)} ALTER COLUMN ${quoteName(column.name ?? '')} DROP EXPRESSION`, {
      comment: `${describeObject(column)} keeps its values, and is an ordinary column from now on.`,
    }),
  ];
};

function isOnlyFreed(column: ObjectId, from: Schema, to: Schema): boolean {
  const [before, after] = [from.get(column)?.is, to.get(column)?.is];
  if (!before || !after || (before['generatedExpr'] ?? undefined) === undefined) return false;
  const other = { ...before, generatedExpr: null, _position: null };
  return (
    JSON.stringify(sorted(other)) === JSON.stringify(sorted({ ...after, _position: null })) &&
    !to.has({ ...column, kind: 'default' })
  );
}

function sorted(values: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
}
