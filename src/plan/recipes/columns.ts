import { everyRow } from '../../database/row-security.js';
import type { Change } from '../../schema/change.js';
import { columnOf, withoutCollation } from '../../schema/column.js';
import type { Column } from '../../schema/column.js';
import { describeObject, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { existingTable, sameId } from '../context.js';
import { columnPath } from '../../schema/object-id.js';
import type { PlanContext, Recipe } from '../context.js';
import { columnBridge } from '../renames.js';
import type { Rename, Unwritten } from '../renames.js';
import { fillMissing } from '../placeholder.js';
import { handOverSql, heirOf } from '../privileges.js';
import { step } from '../step.js';
import { temporaryTrigger } from '../temporary-trigger.js';
import type { TemporaryTrigger } from '../temporary-trigger.js';
import type { Step } from '../step.js';
import { backfill } from './backfill.js';
import { fillOf, fillThenRequire } from './become-not-null.js';
import { notNullSteps } from './not-null.js';
import { oldColumnSteps } from './old-column.js';
import { fittingName, quoteName, sqlTokens } from '../../sql/index.js';

/** A new column of a table that has rows. */
export const addColumn: Recipe = (change, context) => {
  const added = addedColumn(change, context);
  if (!added) return undefined;
  const { id, is } = added;
  const rename = context.decisions.renames.find(({ to }) => sameId(to, id));
  if (rename) return renamedColumn(rename, added, context);
  const expression = context.decisions.backfill.get(columnPath(id));
  if (expression !== undefined) return filledColumn(added, expression, context);
  if (is.default === undefined || !isVolatile(id, context)) return undefined;
  return volatileDefault(added, is.default, context);
};

interface AddedColumn {
  readonly id: ObjectId;
  readonly is: Column;
  readonly table: ObjectId;
}

/** An ordinary column that is added to a table with rows. */
function addedColumn(change: Change, context: PlanContext): AddedColumn | undefined {
  const { kind, id } = change;
  const table = kind === 'add column' ? existingTable(id, context) : undefined;
  const is = columnOf(context.to, id);
  return table && is && !is.automatic && !context.from.has(id) ? { id, is, table } : undefined;
}

/** ADD COLUMN with these of the column's clauses. */
function addColumnSql({ id, is: { type, notNull }, table }: AddedColumn, clauses: Clauses): string {
  const { fallback } = clauses;
  const required = notNull && clauses.notNull === 'as wanted' ? ' NOT NULL' : '';
  const value = fallback === undefined ? '' : ` DEFAULT ${fallback}`;
  return `ALTER TABLE ${tableSql(table)} ADD COLUMN ${quoteName(id.name ?? '')} ${type}${required}${value}`;
}

interface Clauses {
  readonly notNull?: 'as wanted';
  readonly fallback?: string | undefined;
}

/** Adds a column with the new name and fills it from the old one, which stays until it is no longer used. */
function renamedColumn(rename: Rename, added: AddedColumn, context: PlanContext): readonly Step[] {
  const name = rename.to.name ?? '';
  const { table } = added;
  const { type, default: fallback, notNull } = added.is;
  const old = quoteName(rename.from.name ?? '');
  const unwritten: Unwritten = isVolatile(rename.to, context)
    ? 'another value in each row'
    : { default: fallback && `(${fallback})::${withoutCollation(type)}` };
  const bridge = columnBridge(rename, unwritten);
  const fill = fillOf(rename.to, context);
  return [
    ...oldColumnSteps(rename, unwritten, context),
    step(addColumnSql(added, {}), {
      comment: `The new name of ${describeObject(rename.from)}, next to the old one.`,
    }),
    ...(fallback === undefined
      ? []
      : [step(`ALTER TABLE ${tableSql(table)} ALTER COLUMN ${quoteName(name)} SET DEFAULT ${fallback}`)]),
    step(handOverSql(heirOf(rename.from, rename.to, context.from, context.to)), {
      comment: 'Copies the privileges on the old column.',
      effect: 'does not block',
    }),
    ...bridge.create,
    { ...backfill(table, name, old, { where: `${old} IS NOT NULL`, rounds: 'one' }, context), afterCommit: true },
    ...(fill !== undefined ? fillThenRequire(rename.to, fill, context) : notNull ? notNullSteps(table, name) : []),
  ];
}

/** Without a default, the old version of the app would write rows without a value: a trigger fills them until it is gone. */
function filledColumn(added: AddedColumn, expression: string, context: PlanContext): readonly Step[] {
  const { id, table } = added;
  const { notNull, default: fallback } = added.is;
  const name = id.name ?? '';
  const alter = `ALTER TABLE ${tableSql(table)}`;
  if (isConstant(expression)) {
    return [
      step(addColumnSql(added, { notNull: 'as wanted', fallback: expression }), {
        comment: 'Existing rows get the default too, without being rewritten.',
      }),
      fallback === undefined
        ? step(`${alter} ALTER COLUMN ${quoteName(name)} DROP DEFAULT`, {
            comment: 'The default was only needed for existing rows and for the old version of the app.',
            phase: 'contract',
          })
        : step(`${alter} ALTER COLUMN ${quoteName(name)} SET DEFAULT ${fallback}`),
    ];
  }
  const trigger = fillTrigger(table, name, expression);
  return [
    step(addColumnSql(added, {})),
    ...(fallback === undefined ? [] : [step(`${alter} ALTER COLUMN ${quoteName(name)} SET DEFAULT ${fallback}`)]),
    ...(notNull ? trigger.create : []),
    {
      ...backfill(table, name, expression, { rounds: notNull ? 'one' : 'until none is left' }, context),
      afterCommit: true,
    },
    ...(notNull ? [...notNullSteps(table, name), ...trigger.drop] : []),
  ];
}

function fillTrigger(table: ObjectId, column: string, expression: string): TemporaryTrigger {
  const name = fittingName(`${table.name ?? ''}_${column}_fill`);
  // EXECUTE plans the expression each time: a cached plan would read wrong columns after others are added or renamed.
  const body = `
      BEGIN
        IF NEW.${quoteName(column)} IS NULL THEN
          EXECUTE $value$SELECT ${expression} FROM (SELECT ($1).*) AS ${quoteName(table.name ?? '')}$value$ INTO NEW.${quoteName(column)} USING NEW;
        END IF;
        RETURN NEW;
      END
      `;
  return temporaryTrigger(
    { table, column, fills: expression },
    name,
    body,
    'Fills the value in rows that the old version of the app writes.',
  );
}

/** `gen_random_uuid()` differs from row to row: with it, ADD COLUMN would rewrite the table while reads and writes block. */
function volatileDefault(added: AddedColumn, fallback: string, context: PlanContext): readonly Step[] {
  const { id, is, table } = added;
  const name = id.name ?? '';
  return [
    step(addColumnSql(added, {})),
    step(`ALTER TABLE ${tableSql(table)} ALTER COLUMN ${quoteName(name)} SET DEFAULT ${fallback}`, {
      comment: 'For new rows. Existing rows are filled in batches, since the value differs from row to row.',
    }),
    { ...backfill(table, name, fallback, { rounds: 'until none is left' }, context), afterCommit: true },
    ...(is.notNull ? notNullSteps(table, name) : []),
  ];
}

/** The same in one transaction, while reads and writes block. */
export const addColumnDirectly: Recipe = (change, context) => {
  const added = addedColumn(change, context);
  const expression = added && context.decisions.backfill.get(columnPath(added.id));
  if (!added || expression === undefined) return undefined;
  const { id, is, table } = added;
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const name = quoteName(id.name ?? '');
  return [
    step(addColumnSql(added, { fallback: is.default })),
    step(everyRow, { effect: 'does not block' }),
    step(`UPDATE ${tableSql(table)} SET ${name} = ${expression}`, {
      comment: 'Fills the existing rows.',
      effect: 'all wait while it rewrites',
    }),
    ...(is.notNull ? [step(`${alter} ALTER COLUMN ${name} SET NOT NULL`, { effect: 'all wait while it scans' })] : []),
  ];
};

/** A dropped column: first writes may leave it out, and it is dropped once the old version of the app no longer reads it. */
export const dropColumn: Recipe = (change, context) => {
  const { id: column } = change;
  const table = change.kind === 'drop' ? existingTable(column, context) : undefined;
  const is = columnOf(context.from, column);
  // A generated column with another expression loses nothing; an ordinary column that becomes a generated one does.
  if (!table || !is || (context.to.has(column) && is.automatic)) return undefined;
  const rename = context.decisions.renames.find(({ from }) => sameId(from, column));
  if (rename) {
    return [
      ...columnBridge(rename, { default: undefined }).drop,
      step(change.sql, {
        comment: `Its data is now in ${describeObject(rename.to)}.`,
        phase: 'contract',
        undo: [
          `ALTER TABLE ${tableSql(table)} ADD COLUMN ${quoteName(column.name ?? '')} ${is.type}`,
          handOverSql(heirOf(rename.to, column, context.to, context.from)),
          everyRow,
          `UPDATE ${tableSql(table)} SET ${quoteName(column.name ?? '')} = ${quoteName(rename.to.name ?? '')}`,
        ],
      }),
    ];
  }
  const inKey = context.from
    .neededBy(column)
    .some((id) => id.kind === 'constraint' && context.from.get(id)?.is['type'] === 'p');
  const mustBeWritten = is.notNull && !is.automatic && !inKey && is.default === undefined;
  return [
    ...(mustBeWritten
      ? [
          step(`ALTER TABLE ${tableSql(table)} ALTER COLUMN ${quoteName(column.name ?? '')} DROP NOT NULL`, {
            comment: `The new version of the app no longer writes ${describeObject(column)}.`,
            undo: fillMissing(table, column, context.from),
            betweenPhases: true,
          }),
        ]
      : []),
    step(change.sql, {
      comment: `Drops ${describeObject(column)} with its data.`,
      phase: 'contract',
      loses: change.loses,
    }),
  ];
};

const sameForAllRows = new Set(['true', 'false', 'now()', 'current_timestamp', 'current_date', 'localtimestamp']);

/** Whether a default is a literal, or at least the same for all rows of the statement. */
function isConstant(expression: string): boolean {
  const tokens = [...sqlTokens(expression)].filter(({ kind }) => kind !== 'space');
  if (sameForAllRows.has(tokens.map(({ text }) => text.toLowerCase()).join(''))) return true;
  const [value, cast, ...type] = tokens[0]?.text === '-' ? tokens.slice(1) : tokens;
  if (value?.kind === 'number') return cast === undefined;
  const isType = type.every(({ kind, text }) => kind !== 'symbol' || '().,[]'.includes(text));
  return value?.kind === 'string' && (cast === undefined || (cast.text === '::' && isType));
}

const volatileFunctions =
  /\b(?:gen_random_uuid|uuid_generate_v\w+|uuidv4|uuidv7|random|random_normal|clock_timestamp|timeofday|nextval|statement_timestamp_volatile)\s*\(/i;

export function differsFromRowToRow(expression: string): boolean {
  return volatileFunctions.test(expression);
}

/** Whether its default differs from row to row. */
function isVolatile(column: ObjectId, { to }: PlanContext): boolean {
  const fallback = columnOf(to, column)?.default;
  if (fallback === undefined) return false;
  // A user-defined function may be volatile: filling in batches is right in any case.
  const ownFunction = [column, { ...column, kind: 'default' }]
    .flatMap(to.needs)
    .some(({ kind }) => kind === 'function');
  return ownFunction || differsFromRowToRow(fallback);
}

/** A new column, which is NULL in existing rows if it has no default. */
export function needsBackfill(column: ObjectId, { to, decisions }: PlanContext): boolean {
  const is = columnOf(to, column);
  const isRenamed = decisions.renames.some((rename) => sameId(rename.to, column));
  return is?.notNull === true && !is.automatic && is.default === undefined && !isRenamed;
}
