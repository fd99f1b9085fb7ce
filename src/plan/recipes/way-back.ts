import { everyRow } from '../../database/row-security.js';
import { columnOf, definitionOf } from '../../schema/column.js';
import { indexDefinition, isDeferrable } from '../../schema/definition.js';
import { describeObject, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { placeholder, placeholderOfRow } from '../placeholder.js';
import { afterRenames } from '../renames.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { differsFromRowToRow } from './columns.js';
import { classify, quoteName } from '../../sql/index.js';

/** A restored column has lost its values. If NULL is not allowed, the rows get a placeholder. */
export const restoreColumn: Recipe = (change, context) => {
  const { id: column } = change;
  const table = change.kind === 'add column' ? existingTable(column, context) : undefined;
  const is = columnOf(context.to, column);
  if (!table || !is || is.automatic) return undefined;
  // Where the same file renames the table, the start of the whole change has the new name, and this way back leads to the old one.
  const start = context.whole?.start.has(column) ? context.whole.start : context.to;
  const mustHaveValue = is.notNull || columnOf(start, column)?.notNull === true;
  const unique = isUnique(column, start) && (is.default === undefined || !differsFromRowToRow(is.default));
  if (!unique && (is.default !== undefined || !mustHaveValue)) return undefined;
  const name = quoteName(column.name ?? '');
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const comment = `The values of ${describeObject(column)} cannot be restored.`;
  if (!unique) {
    return [
      step(
        `${alter} ADD COLUMN ${name} ${is.type} DEFAULT ${placeholder(column, start)}${is.notNull ? ' NOT NULL' : ''}`,
        {
          comment,
        },
      ),
      step(`${alter} ALTER COLUMN ${name} DROP DEFAULT`),
    ];
  }
  return [
    step(`${alter} ADD COLUMN ${name} ${is.type}`, { comment }),
    ...(mustHaveValue ? [step(everyRow), step(numberedRows(table, column, start)), ...settled(table, context.to)] : []),
    ...(is.notNull ? [step(`${alter} ALTER COLUMN ${name} SET NOT NULL`)] : []),
    ...(is.default === undefined ? [] : [step(`${alter} ALTER COLUMN ${name} SET DEFAULT ${is.default}`)]),
  ];
};

/** Deferred checks would prevent the next ALTER. */
export function settled(table: ObjectId, schema: Schema): readonly Step[] {
  const waits = schema.childrenOf(table).some(({ id }) => isDeferrable(schema, id));
  return waits ? [step('SET CONSTRAINTS ALL IMMEDIATE', { effect: 'does not block' })] : [];
}

function numberedRows(table: ObjectId, column: ObjectId, schema: Schema): string {
  const rows = `(SELECT ctid AS row, row_number() OVER () AS n FROM ${tableSql(table)}) AS numbered`;
  return `UPDATE ${tableSql(table)} AS t SET ${quoteName(column.name ?? '')} = ${placeholderOfRow(column, schema)} FROM ${rows} WHERE t.ctid = numbered.row`;
}

function isUnique(column: ObjectId, schema: Schema): boolean {
  return schema.neededBy(column).some((id) => {
    const is = schema.get(id)?.is;
    if (id.kind === 'constraint') return ['p', 'u', 'x'].includes(String(is?.['type']));
    return id.kind === 'index' && indexDefinition(schema, id).unique !== '';
  });
}

/** A restored foreign key or check cannot hold for existing rows if its column or the referenced rows were lost. */
export const restoreConstraint: Recipe = (change, context) => {
  const { id: constraint } = change;
  const table = change.kind === 'add constraint' ? existingTable(constraint, context) : undefined;
  const { type, validated } = context.to.get(constraint)?.is ?? {};
  if (!table || (type !== 'f' && type !== 'c') || validated !== true) return undefined;
  const lost = context.to.needs(constraint).filter((id) => isLost(id, context));
  if (lost.length === 0 || (type === 'f' && refersToNothing(constraint, lost, context))) return undefined;
  return [
    step(`${change.sql} NOT VALID`, {
      comment: 'For new rows only: the values of the existing rows could not be restored.',
    }),
  ];
};

/** In the same file as a rename, this way back leads to the old name; the whole change has the new one. */
function isLost(id: ObjectId, { whole }: PlanContext): boolean {
  if (whole === undefined || (id.kind !== 'column' && id.kind !== 'table')) return false;
  const { start, end, renames, bridged } = whole;
  return [id, afterRenames(id, renames)].some((name) => start.has(name) && !end.has(afterRenames(name, bridged)));
}

/** Whether a restored column is NULL in each row, so that it refers to nothing. */
function isEmpty(id: ObjectId, constraint: ObjectId, { to, whole }: PlanContext): boolean {
  if (id.table !== constraint.table || id.schema !== constraint.schema) return false;
  const [is, was] = [columnOf(to, id), whole && columnOf(whole.start, id)];
  return is?.default === undefined && is?.automatic === false && !is.notNull && was?.notNull !== true;
}

function refersToNothing(constraint: ObjectId, lost: readonly ObjectId[], context: PlanContext): boolean {
  const isFull = classify(definitionOf(context.to, constraint)).some((one) => one.mentions('MATCH', 'FULL'));
  return !isFull && lost.some((id) => isEmpty(id, constraint, context));
}
