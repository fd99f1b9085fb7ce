import { columnOf } from '../../schema/column.js';
import { describeObject, relationOf, tableSql } from '../../schema/object-id.js';
import type { PlanContext } from '../context.js';
import { fillMissing } from '../placeholder.js';
import type { Rename, Unwritten } from '../renames.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { quoteName } from '../../sql/index.js';

/** Prepares a column for the values that the new version of the app writes under its new name. */
export function oldColumnSteps(rename: Rename, unwritten: Unwritten, context: PlanContext): readonly Step[] {
  const [before, after] = [columnOf(context.from, rename.from), columnOf(context.to, rename.to)];
  if (!before || !after) return [];
  const table = relationOf(rename.from);
  const alter = `ALTER TABLE ${tableSql(table)} ALTER COLUMN ${quoteName(rename.from.name ?? '')}`;
  const wanted = unwritten === 'another value in each row' ? undefined : after.default;
  // Without a default, the new version always writes a value, and the old version relies on its default.
  const isKept = before.default === wanted || (after.default === undefined && after.notNull);
  return [
    ...(before.notNull && !after.notNull
      ? [
          step(`${alter} DROP NOT NULL`, {
            comment: `The new version of the app may write NULL to ${describeObject(rename.to)}.`,
            undo: fillMissing(table, rename.from, context.from),
          }),
        ]
      : []),
    ...(isKept ? [] : [wanted === undefined ? withoutDefault(alter) : withDefault(alter, wanted)]),
  ];
}

function withoutDefault(alter: string): Step {
  return step(`${alter} DROP DEFAULT`, {
    comment: 'With a default here, the trigger could not tell whether the old version of the app wrote the value.',
  });
}

function withDefault(alter: string, value: string): Step {
  return step(`${alter} SET DEFAULT ${value}`, {
    comment: 'The same default under both names: otherwise the trigger could not tell which one was written.',
  });
}
