import { definitionOf } from '../../schema/column.js';
import { tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import { changeType, columnTypeChange } from './change-type.js';
import { quoteName } from '../../sql/index.js';

/**
 * A change of type that does not rewrite the rows. PostgreSQL would still scan every row for a check on the column, while reads and writes
 * block, so the checks are dropped for that time.
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
        comment:
          'Dropped until the end of this transaction, because the check would scan all rows while reads and writes block.',
      }),
    ),
    ...steps,
    ...named.map(({ name, definition }) => step(`${alter} ADD CONSTRAINT ${name} ${definition} NOT VALID`)),
    ...named.map(({ name }, index) =>
      step(`${alter} VALIDATE CONSTRAINT ${name}`, {
        comment: 'Checks the existing rows while the table stays in use.',
        afterCommit: index === 0,
        effect: 'scans, does not block',
      }),
    ),
  ];
};

/** The checks that stay as they are; others are changes of their own. */
function checksOn(column: ObjectId, { from, to }: PlanContext): readonly ObjectId[] {
  return from.neededBy(column).filter((id) => {
    const { type, validated } = from.get(id)?.is ?? {};
    if (id.kind !== 'constraint' || type !== 'c' || validated !== true) return false;
    return to.has(id) && definitionOf(to, id) === definitionOf(from, id);
  });
}
