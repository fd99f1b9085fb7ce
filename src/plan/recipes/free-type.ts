import { definitionOf } from '../../schema/column.js';
import { tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import { changeType, columnTypeChange } from './change-type.js';
import { quoteName } from '../../sql/index.js';

/**
 * A type that needs no new rows. PostgreSQL would all the same look at every row again for a check on the column, while everybody waits:
 * so the checks step aside meanwhile.
 */
export const freeType: Recipe = (change, context) => {
  const found = columnTypeChange(change, context);
  const table = found && existingTable(found.id, context);
  if (!found || !table || found.how !== 'free') return undefined;
  const checks = checksOn(found.id, context);
  const steps = changeType(change, context);
  if (steps === undefined || checks.length === 0) return undefined;
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const named = checks.map((id) => ({ name: quoteName(id.name ?? ''), definition: definitionOf(context.to, id) }));
  return [
    ...named.map(({ name }) =>
      step(`${alter} DROP CONSTRAINT ${name}`, {
        comment: 'For the length of this transaction: a check would look at all rows again while everybody waits.',
      }),
    ),
    ...steps,
    ...named.map(({ name, definition }) => step(`${alter} ADD CONSTRAINT ${name} ${definition} NOT VALID`)),
    ...named.map(({ name }, index) =>
      step(`${alter} VALIDATE CONSTRAINT ${name}`, {
        comment: 'Looks at the rows that are there, while the table stays in use.',
        afterCommit: index === 0,
        effect: 'scans, does not block',
      }),
    ),
  ];
};

/** Those that stay as they are; others are changes of their own. */
function checksOn(column: ObjectId, { from, to }: PlanContext): readonly ObjectId[] {
  return from.neededBy(column).filter((id) => {
    const { type, validated } = from.get(id)?.is ?? {};
    if (id.kind !== 'constraint' || type !== 'c' || validated !== true) return false;
    return to.has(id) && definitionOf(to, id) === definitionOf(from, id);
  });
}
