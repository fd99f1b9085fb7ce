import { columnOf, ownerOf } from '../../schema/column.js';
import { describeObject, objectId, relationOf, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { existingTable, sameId } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { sequencePrivilegesSql } from '../privileges.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { quoteLiteral, quoteName } from '../../sql/index.js';

/** A new sequence for an existing table; if the column has values, it starts after them. */
export const ownSequence: Recipe = (change, context) => {
  const { kind, id: sequence } = change;
  if (kind !== 'own sequence' || context.from.has(sequence)) return undefined;
  const column = ownerOf(sequence, context.to);
  const table = column && existingTable(column, context);
  if (!table) return undefined;
  const privileges = step(sequencePrivilegesSql(sequence, table), {
    comment: 'Gives the sequence the owner of the table, and USAGE to the roles that may insert rows.',
    effect: 'does not block',
  });
  const hasValues = context.from.has(column) && !changesType(column, context);
  return [
    privileges,
    step(change.sql),
    ...(hasValues ? [afterItsValues(column, quoteLiteral(sqlName(sequence)))] : []),
  ];
};

/** The new sequence of a column that also gets another type: it can start after the values only once they have that type. */
export function newSequences(column: ObjectId, context: PlanContext): readonly Step[] {
  const { from, to } = context;
  if (!changesType(column, context)) return [];
  return to.objects.flatMap(({ id: sequence }) => {
    const owner = sequence.kind === 'sequence' && !from.has(sequence) ? ownerOf(sequence, to) : undefined;
    if (owner === undefined || !sameId(owner, column)) return [];
    const isIndexed = to.neededBy(column).some(({ kind }) => kind === 'index' || kind === 'constraint');
    const start = afterItsValues(column, quoteLiteral(sqlName(sequence)));
    return [
      step(
        `ALTER SEQUENCE ${sqlName(sequence)} OWNED BY ${tableSql(relationOf(column))}.${quoteName(column.name ?? '')}`,
      ),
      isIndexed ? start : { ...start, effect: 'all wait while it scans' },
    ];
  });
}

function changesType(column: ObjectId, { from, to }: PlanContext): boolean {
  const before = columnOf(from, column);
  return before !== undefined && before.type !== columnOf(to, column)?.type;
}

/** So does an identity. */
export const addIdentity: Recipe = (change, context) => {
  const { kind, id: column } = change;
  if (kind !== 'add identity' || !existingTable(column, context)) return undefined;
  const table = objectId('table', column.schema, column.table ?? '');
  const names = [tableSql(table), column.name ?? ''].map(quoteLiteral);
  return [step(change.sql), afterItsValues(column, `pg_get_serial_sequence(${names.join(', ')})`)];
};

function afterItsValues(column: ObjectId, sequence: string): Step {
  const table = objectId('table', column.schema, column.table ?? '');
  const next = `coalesce((SELECT max(${quoteName(column.name ?? '')}) FROM ${tableSql(table)}), 0) + 1`;
  return step(`SELECT setval(${sequence}, ${next}, false)`, {
    comment: 'Continues after the largest value in the table.',
    effect: 'does not block',
  });
}

/** The sequence of a column that becomes an identity is replaced immediately. */
export const replaceSequence: Recipe = (change, { from, to }) => {
  const column = change.kind === 'drop' && change.id.kind === 'sequence' ? ownerOf(change.id, from) : undefined;
  return column && columnOf(to, column)?.automatic === true ? [step(change.sql)] : undefined;
};

/** The old version of the app inserts rows without a value, and relies on the default until it is gone. */
export const dropDefault: Recipe = (change, context) => {
  const { kind, id: column } = change;
  if (kind !== 'drop default' && kind !== 'drop identity') return undefined;
  if (!existingTable(column, context) || !isReliedOn(column, context)) return undefined;
  return [
    step(change.sql, {
      comment: `The old version of the app may write rows without a value for ${describeObject(column)}.`,
      phase: 'contract',
    }),
  ];
};

/** A value is required before and after, and after the change only the app provides one. A change of type has its own recipe. */
function isReliedOn(column: ObjectId, { from, to }: PlanContext): boolean {
  const [before, after] = [columnOf(from, column), columnOf(to, column)];
  if (!before?.notNull || !after?.notNull || before.type !== after.type) return false;
  return after.default === undefined && !after.automatic;
}
