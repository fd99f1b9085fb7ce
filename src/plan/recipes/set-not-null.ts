import { everyRow } from '../../database/row-security.js';
import { relationOf, tableSql } from '../../schema/object-id.js';
import { existingTable } from '../context.js';
import type { Recipe } from '../context.js';
import { step } from '../step.js';
import { fillAgainAndRequire, fillOf, fillThenRequire } from './become-not-null.js';
import { notNullSteps } from './not-null.js';
import { getsSuccessor } from './rewrite-type.js';
import { settled } from './way-back.js';
import { quoteName } from '../../sql/index.js';

/** A column that must have a value from now on. */
export const setNotNull: Recipe = (change, context) => {
  const { id: column } = change;
  const table = change.kind === 'set not null' ? existingTable(column, context) : undefined;
  if (!table) return undefined;
  const fill = fillOf(column, context);
  if (getsSuccessor(column, context)) return fill === undefined ? [] : fillAgainAndRequire(column, fill, context);
  return fill === undefined ? notNullSteps(table, column.name ?? '') : fillThenRequire(column, fill, context);
};

/** The same in one transaction, while reads and writes block. */
export const setNotNullDirectly: Recipe = (change, context) => {
  const { id: column } = change;
  const fill = change.kind === 'set not null' ? fillOf(column, context) : undefined;
  if (fill === undefined) return undefined;
  const name = quoteName(column.name ?? '');
  return [
    step(everyRow, { effect: 'does not block' }),
    step(`UPDATE ${tableSql(column)} SET ${name} = ${fill} WHERE ${name} IS NULL`, {
      comment: 'Fills the rows without a value.',
      effect: 'all wait while it rewrites',
    }),
    ...settled(relationOf(column), context.to),
    step(change.sql, { effect: 'all wait while it scans' }),
  ];
};
