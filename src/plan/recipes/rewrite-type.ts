import { everyRow } from '../../database/row-security.js';
import { columnOf, ownerOf } from '../../schema/column.js';
import { isDeferrable } from '../../schema/definition.js';
import { describeObject, objectId, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { columnId, existingTable, sameId } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { handOverSql, heirOf } from '../privileges.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { newSequences } from './automatic-values.js';
import { backfill } from './backfill.js';
import { fillOf } from './become-not-null.js';
import { columnTypeChange, convertedFrom, inZone, typeChangeOf } from './change-type.js';
import type { ColumnTypeChange } from './change-type.js';
import { copiesFor, validateStep } from './copy-dependents.js';
import type { Copy } from './copy-dependents.js';
import { isPartitioned } from '../partitions.js';
import { fittingName, quoteLiteral, quoteName } from '../../sql/index.js';

interface Names {
  readonly column: string;
  readonly successor: string;
  readonly old: string;
  readonly sync: string;
  readonly filled: string;
}

/** A column whose type changes. */
interface Rewrite extends ColumnTypeChange {
  readonly table: ObjectId;
  readonly names: Names;
  readonly copies: readonly Copy[];
  readonly context: PlanContext;
}

/**
 * A new type that would rewrite every row while reads and writes block: a second column is filled in batches, kept equal by a trigger, given
 * the same indexes and constraints, and finally takes the name of the first one. Where that is impossible, the plain change remains.
 */
export const rewriteType: Recipe = (change, context) => {
  const rewrite = rewriteOf(columnTypeChange(change, context), context);
  return rewrite && [...expand(rewrite), ...fill(rewrite), ...swap(rewrite), ...check(rewrite), contract(rewrite)];
};

/** The successor is then NOT NULL from the start. */
export function getsSuccessor(column: ObjectId, context: PlanContext): boolean {
  return rewriteOf(typeChangeOf(column, context), context) !== undefined;
}

function rewriteOf(found: ColumnTypeChange | undefined, context: PlanContext): Rewrite | undefined {
  const table = found && existingTable(found.id, context);
  if (context.typesInPlace === true) return undefined;
  if (!found || !table || !['rewrite', 'needs-using'].includes(found.how)) return undefined;
  const names = namesFor(found.id);
  const copies = canBeDoubled(found, table, names, context) ? copiesFor(found.id, names.successor, context) : undefined;
  return copies && { ...found, given: filled(found, context), table, names, copies, context };
}

/** If the column also becomes NOT NULL, the successor gets the missing values. */
function filled(found: ColumnTypeChange, context: PlanContext): string | undefined {
  const fill = fillOf(found.id, context);
  if (fill === undefined) return found.given;
  return `coalesce(${found.given ?? convertedFrom(quoteName(found.id.name ?? ''), found)}, ${fill})`;
}

function namesFor({ table = '', name = '' }: ObjectId): Names {
  return {
    column: name,
    successor: fittingName(`${name}__new`),
    old: fittingName(`${name}__old`),
    // Triggers fire in the order of their names, so changes by other triggers come first.
    sync: fittingName(`zz_${table}_${name}_sync`),
    filled: fittingName(`${table}_${name}_filled`),
  };
}

function canBeDoubled({ id, types }: ColumnTypeChange, table: ObjectId, names: Names, context: PlanContext): boolean {
  const { from, to } = context;
  // Before a type is created again under its old name, no column may use it.
  if (types.from === types.to || isPartitioned(table, context) || inherits(table, context)) return false;
  const plainColumn = (schema: PlanContext['from']): boolean => {
    const { collation, generatedExpr, identity } = schema.get(id)?.is ?? {};
    return [collation, generatedExpr, identity].every((special) => (special ?? undefined) === undefined);
  };
  const free = [names.successor, names.old].every((name) =>
    [from, to].every((schema) => !schema.has(columnId(table, name))),
  );
  return plainColumn(from) && plainColumn(to) && free;
}

function inherits(table: ObjectId, { from }: PlanContext): boolean {
  const isChild = (from.get(table)?.is['parentTable'] ?? undefined) !== undefined;
  const isParent = from.objects.some(({ is }) => {
    const parent = is['parentTable'] as { readonly schema?: string; readonly name?: string } | null | undefined;
    return parent?.name === table.name && parent?.schema === table.schema;
  });
  return isChild || isParent;
}

function expand(rewrite: Rewrite): readonly Step[] {
  const { id, table, names, types, given, copies } = rewrite;
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const successor = quoteName(names.successor);
  const routine = routineOf(rewrite);
  const own = quoteName(table.name ?? '');
  // An expression over other columns is planned each time: a cached plan would not notice that they have changed.
  const assign =
    given === undefined
      ? `NEW.${successor} := ${convertedFrom(`NEW.${quoteName(names.column)}`, rewrite)}`
      : `EXECUTE $value$SELECT ${given} FROM (SELECT ($1).*) AS ${own}$value$ INTO NEW.${successor} USING NEW`;
  const body = `
      BEGIN
        ${assign};
        RETURN NEW;
      END
      `;
  return [
    step(`${alter} ADD COLUMN ${successor} ${types.to}`, {
      comment: `${describeObject(id)}: from ${withoutPublic(types.from)} to ${withoutPublic(types.to)}, using a second column.`,
    }),
    step(`CREATE FUNCTION ${routine}() RETURNS trigger LANGUAGE plpgsql AS $sync$${body}$sync$`, {
      comment: 'From now on, every write fills both columns.',
      effect: 'does not block',
    }),
    step(
      `CREATE TRIGGER ${quoteName(names.sync)} BEFORE INSERT OR UPDATE ON ${tableSql(table)} FOR EACH ROW EXECUTE FUNCTION ${routine}()`,
      { onRows: { table, routine, column: names.successor, source: names.column } },
    ),
    ...(isFilled(rewrite)
      ? [step(`${alter} ADD CONSTRAINT ${quoteName(names.filled)} CHECK (${successor} IS NOT NULL) NOT VALID`)]
      : []),
    ...copies.flatMap(({ declare }) => declare),
  ];
}

/** As in the names of objects. */
function withoutPublic(type: string): string {
  return type.replace(/^public\./, '');
}

function fill(rewrite: Rewrite): readonly Step[] {
  const { table, names, given, copies, context } = rewrite;
  const column = quoteName(names.column);
  const filling = backfill(
    table,
    names.successor,
    given ?? convertedFrom(column, rewrite),
    { ...(given === undefined && { where: `${column} IS NOT NULL` }), rounds: 'one' },
    context,
  );
  return [
    { ...filling, ...(filling.onRows && { onRows: { ...filling.onRows, source: names.column } }), afterCommit: true },
    ...copies.flatMap(({ build }) => build),
    ...(isFilled(rewrite) ? [validateStep(table, names.filled)] : []),
    step(`ANALYZE ${tableSql(table)} (${quoteName(names.successor)})`, {
      comment: 'Statistics for the planner.',
      transaction: false,
      effect: 'scans, does not block',
    }),
  ];
}

/** Changes only the catalog, in one transaction. */
function swap(rewrite: Rewrite): readonly Step[] {
  const { id, table, names, defaults, copies, context } = rewrite;
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const [column, successor, old] = [names.column, names.successor, names.old].map(quoteName);
  const wasFilled = [context.from, context.to].some((schema) => columnOf(schema, id)?.notNull === true);
  const others = copies.some(({ makeRoom, takeOver }) =>
    [...makeRoom, ...takeOver].some(({ sql }) => !sql.includes(tableSql(table))),
  );
  const { comments: whose } = heirOf(id, id, context.from, context.to);
  const heir = (from: string, to: string): string =>
    handOverSql({ from: { ...id, name: from }, to: { ...id, name: to }, comments: whose });
  // The server checks for deadlocks after one second, and might cancel the app's query instead of ours.
  const givesWay = step(`SET LOCAL lock_timeout = '300ms'`, {
    comment: 'Locks several tables briefly: gives up before a deadlock, and is retried.',
    afterCommit: true,
    effect: 'does not block',
  });
  return [
    ...(others ? [givesWay] : []),
    step(`DROP TRIGGER ${quoteName(names.sync)} ON ${tableSql(table)}`, {
      comment: 'From here on, the columns swap names: only the catalog changes.',
      afterCommit: !others,
    }),
    step(`DROP FUNCTION ${routineOf(rewrite)}()`, { effect: 'does not block' }),
    ...copies.toReversed().flatMap(({ makeRoom }) => makeRoom),
    ...(defaults.before === undefined ? [] : [step(`${alter} ALTER COLUMN ${column} DROP DEFAULT`)]),
    ...(wasFilled ? [step(`${alter} ALTER COLUMN ${column} DROP NOT NULL`)] : []),
    step(`${alter} RENAME COLUMN ${column} TO ${old}`, {
      undo: [`${alter} RENAME COLUMN ${old} TO ${column}`, heir(names.successor, names.column), ...fillBack(rewrite)],
    }),
    step(`${alter} RENAME COLUMN ${successor} TO ${column}`, {
      undo: [`${alter} RENAME COLUMN ${column} TO ${successor}`],
    }),
    step(heir(names.old, names.column), {
      comment: 'Copies the privileges on the old column.',
      effect: 'does not block',
    }),
    ...(isFilled(rewrite)
      ? [
          step(`${alter} ALTER COLUMN ${column} SET NOT NULL`, {
            comment: 'The check proves that there is no NULL, so this does not scan the rows.',
          }),
          step(`${alter} DROP CONSTRAINT ${quoteName(names.filled)}`),
        ]
      : []),
    ...(defaults.after === undefined ? [] : [step(`${alter} ALTER COLUMN ${column} SET DEFAULT ${defaults.after}`)]),
    ...copies.flatMap(({ takeOver }) => takeOver),
    ...ownedSequences(rewrite),
    ...newSequences(id, context),
    ...comments(rewrite),
  ];
}

function check({ copies }: Rewrite): readonly Step[] {
  const [first, ...others] = copies.flatMap(({ check: steps }) => steps);
  return first === undefined ? [] : [{ ...first, afterCommit: true }, ...others];
}

function contract({ table, names, types, loses }: Rewrite): Step {
  return step(`ALTER TABLE ${tableSql(table)} DROP COLUMN ${quoteName(names.old)}`, {
    comment: `Keeps the old values, with the type ${types.from}.`,
    phase: 'contract',
    ...loses,
  });
}

/** Rows written since have no value of the old type. An assignment, unlike a cast, does not silently truncate values that do not fit. */
function fillBack({ table, names, types, defaults, zone, context }: Rewrite): readonly string[] {
  const [column = '', successor = ''] = [names.column, names.successor].map(quoteName);
  const how = context.tryType({ type: types.to, expr: defaults.after }, { type: types.from, expr: defaults.before });
  const cast = how === 'needs-using' ? `::text::${types.from}` : '';
  const value =
    zone === undefined ? `${successor}${cast}` : inZone(successor, zone, { from: types.to, to: types.from });
  const update = `UPDATE ${tableSql(table)} SET ${column} = ${value} WHERE ${column}::text IS DISTINCT FROM (${value})::text`;
  // Pending checks of a deferred constraint would prevent the following statements.
  const deferrable = context.from.childrenOf(table).some(({ id }) => isDeferrable(context.from, id));
  return deferrable ? [everyRow, 'SET CONSTRAINTS ALL IMMEDIATE', update] : [everyRow, update];
}

function ownedSequences({ id, names, table, context: { from, to } }: Rewrite): readonly Step[] {
  const owned = from.objects.filter(({ id: sequence }) => {
    const owner = sequence.kind === 'sequence' && to.has(sequence) ? ownerOf(sequence, from) : undefined;
    return owner !== undefined && sameId(owner, id);
  });
  return owned.map(({ id: sequence }) =>
    step(`ALTER SEQUENCE ${sqlName(sequence)} OWNED BY ${tableSql(table)}.${quoteName(names.column)}`),
  );
}

function comments({ id, copies, context }: Rewrite): readonly Step[] {
  const commented = context.to.objects.filter(({ id: { kind, target } }) => kind === 'comment' && target !== undefined);
  return commented.flatMap(({ id: { target }, is }) => {
    const text = quoteLiteral(String(is['text']));
    if (
      target?.kind === 'column' &&
      target.name === id.name &&
      target.table === id.table &&
      target.schema === id.schema
    )
      return [step(`COMMENT ON COLUMN ${tableSql(target)}.${quoteName(target.name ?? '')} IS ${text}`)];
    if (target === undefined || !copies.some(({ of }) => sameId(of, target))) return [];
    return target.kind === 'index'
      ? [step(`COMMENT ON INDEX ${sqlName(target)} IS ${text}`)]
      : [step(`COMMENT ON CONSTRAINT ${quoteName(target.name ?? '')} ON ${tableSql(target)} IS ${text}`)];
  });
}

/** Not if the old version of the app may still write NULL, even after the swap. */
function isFilled({ id, context }: Rewrite): boolean {
  return columnOf(context.to, id)?.notNull === true && fillOf(id, context) === undefined;
}

function routineOf({ table, names }: Rewrite): string {
  return sqlName(objectId('function', table.schema ?? 'public', names.sync));
}
