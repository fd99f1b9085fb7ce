import { describeObject, relationOf, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Change } from '../../schema/change.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { temporaryTrigger } from '../temporary-trigger.js';
import { fittingName, quoteName } from '../../sql/index.js';

/** A generated column that becomes a plain one keeps its values, which dropping and adding it would lose. */
export const dropExpressionDirectly: Recipe = (change, context) => {
  const column = freedBy(change, context);
  if (!column) return undefined;
  return change.verb === 'create' ? [] : [drop(column)];
};

/**
 * Runs in the first phase, since the new version of the app cannot write to a generated column. The old version does not write it, so its
 * rows would have NULL there, or a stale value.
 */
export const dropExpression: Recipe = (change, context) => {
  const column = freedBy(change, context);
  if (!column) return undefined;
  if (change.verb === 'create') return [];
  const trigger = computing(column, String(context.from.get(column)?.is['generatedExpr']));
  return [drop(column), ...trigger.create, ...trigger.drop];
};

/** Whether a column is the same before and after, except that it is no longer generated. */
export function isFreed(column: ObjectId, { from, to }: Pick<PlanContext, 'from' | 'to'>): boolean {
  const [before, after] = [from.get(column)?.is, to.get(column)?.is];
  if (!before || !after || (before['generatedExpr'] ?? undefined) === undefined) return false;
  const other = { ...before, generatedExpr: null, _position: null };
  return (
    JSON.stringify(sorted(other)) === JSON.stringify(sorted({ ...after, _position: null })) &&
    !to.has({ ...column, kind: 'default' })
  );
}

function freedBy(change: Change, context: PlanContext): ObjectId | undefined {
  const column = [...change.drops, ...change.creates].find(({ kind }) => kind === 'column');
  return column && existingTable(column, context) && isFreed(column, context) ? column : undefined;
}

function drop(column: ObjectId): Step {
  return step(`ALTER TABLE ${tableSql(column)} ALTER COLUMN ${quoteName(column.name ?? '')} DROP EXPRESSION`, {
    comment: `${describeObject(column)} keeps its values, and is an ordinary column from now on.`,
  });
}

/** A value that differs from the result of the expression was written by the new version, and is kept. */
function computing(column: ObjectId, expression: string): ReturnType<typeof temporaryTrigger> {
  const { table: tableName = '', name = '' } = column;
  const own = quoteName(name);
  // EXECUTE plans the expression each time: a cached plan would read wrong columns after others are added or renamed.
  const compute = (variable: string, row: string): string =>
    `EXECUTE $value$SELECT ${expression} FROM (SELECT ($1).*) AS ${quoteName(tableName)}$value$ INTO ${variable}.${own} USING ${row};`;
  const body = `
      DECLARE
        computed record := NEW;
      BEGIN
        IF TG_OP = 'UPDATE' THEN
          computed := OLD;
          ${compute('computed', 'OLD')}
          IF ROW(NEW.${own})::record *= ROW(OLD.${own})::record AND ROW(OLD.${own})::record *= ROW(computed.${own})::record THEN
            ${compute('NEW', 'NEW')}
          END IF;
        ELSIF NEW.${own} IS NULL THEN
          ${compute('NEW', 'NEW')}
        END IF;
        RETURN NEW;
      END
      `;
  return temporaryTrigger(
    { table: relationOf(column), column: name, fills: expression },
    fittingName(`${tableName}_${name}_computed`),
    body,
    'The old version of the app does not write the column, so until that version is gone, its rows get a computed value.',
  );
}

function sorted(values: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
}
