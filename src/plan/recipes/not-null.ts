import { tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { fittingName, quoteName } from '../../sql/index.js';

/** A validated check proves that there are no nulls; then SET NOT NULL does not scan the rows. */
export function notNullSteps(table: ObjectId, column: string): readonly Step[] {
  const check = quoteName(fittingName(`${table.name ?? ''}_${column}_filled`));
  const alter = `ALTER TABLE ${tableSql(table)}`;
  return [
    step(`${alter} ADD CONSTRAINT ${check} CHECK (${quoteName(column)} IS NOT NULL) NOT VALID`, {
      comment: 'New rows must have a value from now on.',
    }),
    step(`${alter} VALIDATE CONSTRAINT ${check}`, {
      comment: 'Checks the existing rows while the table stays in use. Fails if the column contains NULL.',
      afterCommit: true,
      effect: 'scans, does not block',
    }),
    step(`${alter} ALTER COLUMN ${quoteName(column)} SET NOT NULL`, {
      comment: 'The check proves that there is no NULL, so this does not scan the rows.',
      afterCommit: true,
    }),
    step(`${alter} DROP CONSTRAINT ${check}`, { comment: 'No longer needed.' }),
  ];
}
