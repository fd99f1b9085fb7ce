import { columnOf, defaultOf, definitionOf, ownerOf } from '../../schema/column.js';
import { retypingLoss } from '../../schema/loss.js';
import { changesTimeZone, needsTimeZone, valueType } from '../../schema/value-type.js';
import { describeObject, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Change } from '../../schema/change.js';
import type { Schema } from '../../schema/read.js';
import { existingTable, sameId } from '../context.js';
import { columnPath } from '../../schema/object-id.js';
import type { PlanContext, Recipe, TypeChange } from '../context.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { newSequences } from './automatic-values.js';
import { classify, quoteLiteral, quoteName } from '../../sql/index.js';

/**
 * The changes of one column's type: the engine drops or sets the default, requires values, changes the type, and sets the default again. A
 * recipe for the type handles all of its defaults.
 */
export function mergeTypeChanges(changes: readonly Change[], { from }: Pick<PlanContext, 'from'>): readonly Change[] {
  const result: Change[] = [];
  for (const change of changes) {
    const of = (kind: Change['kind']) => (other: Change) => other.kind === kind && sameId(other.id, change.id);
    // Restoring the default is part of the type change.
    if (change.kind === 'set default' && result.some(of('alter type'))) continue;
    if (change.kind !== 'alter type') {
      result.push(change);
      continue;
    }
    const defaults = [...takeAll(result, of('drop default')), ...takeAll(result, of('set default'))];
    // The value for rows without one has the new type.
    const notNull = takeAll(result, of('set not null'));
    // The old type may not be able to have an identity, and the default that goes with it uses the old sequence.
    const automatic = [...takeAll(result, of('add identity')), ...takeAll(result, dropsSequenceOf(change.id, from))];
    const drops = [...change.drops, ...defaults.flatMap((one) => one.drops)];
    const uses = [...change.uses, ...defaults.flatMap((one) => one.uses)];
    result.push({ ...change, drops, uses }, ...notNull, ...automatic);
  }
  return result;
}

function dropsSequenceOf(column: ObjectId, from: Schema): (change: Change) => boolean {
  return ({ kind, id }) => {
    const owner = kind === 'drop' && id.kind === 'sequence' ? ownerOf(id, from) : undefined;
    return owner !== undefined && sameId(owner, column);
  };
}

function takeAll(changes: Change[], isIt: (change: Change) => boolean): readonly Change[] {
  const taken = changes.filter(isIt);
  for (const change of taken) changes.splice(changes.indexOf(change), 1);
  return taken;
}

/** A type change, and its effect on the rows. */
export interface ColumnTypeChange {
  readonly id: ObjectId;
  readonly types: { readonly from: string; readonly to: string };
  readonly defaults: { readonly before: string | undefined; readonly after: string | undefined };
  /** The expression that was given with `--using`. */
  readonly given: string | undefined;
  /** The time zone of the stored timestamps, if they gain or lose one. */
  readonly zone: string | undefined;
  /** In a session with this time zone, only the catalog changes. */
  readonly session?: string;
  readonly how: TypeChange;
  readonly loses: { readonly loses?: string | undefined };
}

export function columnTypeChange(change: Change, context: PlanContext): ColumnTypeChange | undefined {
  const found = change.kind === 'alter type' ? typeChangeOf(change.id, context) : undefined;
  return found && { ...found, loses: lossOf(found, context) };
}

export function typeChangeOf(id: ObjectId, context: PlanContext): ColumnTypeChange | undefined {
  const before = columnOf(context.from, id);
  const after = columnOf(context.to, id);
  if (!before || !after) return undefined;
  const defaults = { before: defaultOf(context.from, id), after: defaultOf(context.to, id) };
  const types = { from: before.type, to: after.type };
  const given = context.decisions.using.get(columnPath(id));
  const zone = given === undefined ? zoneOf(types, context) : undefined;
  // Otherwise, an index would be rebuilt, and a check would scan all rows.
  if (zone !== undefined && /^(?:Etc\/)?UTC$/i.test(zone) && areTimestamps(types) && !isStoodOn(id, context))
    return { id, types, defaults, given, zone, session: zone, how: 'free', loses: {} };
  const how =
    given === undefined && zone === undefined
      ? context.tryType({ type: types.from, expr: defaults.before }, { type: types.to, expr: defaults.after })
      : 'rewrite';
  return { id, types, defaults, given, zone, how, loses: {} };
}

/** The expression that converts a value of the old type to the new one. */
export function convertedFrom(value: string, { zone, how, types }: ColumnTypeChange): string {
  if (zone !== undefined) return inZone(value, zone, types);
  return how === 'needs-using' ? `${value}::text::${types.to}` : value;
}

/** The session's time zone decides what a date is as a timestamp with time zone, so a date first becomes a timestamp without. */
export function inZone(value: string, zone: string, { from, to }: ColumnTypeChange['types']): string {
  const converted = `${from === 'date' ? `${value}::timestamp` : value} AT TIME ZONE ${quoteLiteral(zone)}`;
  return to === 'date' ? `(${converted})::date` : converted;
}

/** A single ALTER keeps the data, which dropping and adding the column would lose. */
export const changeType: Recipe = (change, context) => {
  const found = columnTypeChange(change, context);
  return found && [...typeSteps(found, context), ...newSequences(found.id, context)];
};

function typeSteps(found: ColumnTypeChange, context: PlanContext): readonly Step[] {
  const { id, types, defaults, given, session, how, loses } = found;
  // An expression of the old enum is not yet one of the new enum of the same name.
  const converted = given !== undefined && types.from === types.to ? `(${given})::text::${types.to}` : given;
  const value = converted ?? convertedFrom(quoteName(id.name ?? ''), found);
  const target = `ALTER TABLE ${tableSql({ ...id, name: id.table ?? '' })} ALTER COLUMN ${quoteName(id.name ?? '')}`;
  const isNew = existingTable(id, context) === undefined;
  const effect = isNew
    ? 'does not block'
    : how === 'free' && !isIndexedOtherwise(id, context)
      ? 'brief lock'
      : how === 'free' || how === 'scan'
        ? 'all wait while it scans'
        : 'all wait while it rewrites';
  const comment =
    types.from === types.to
      ? `${describeObject(id)}: to the new ${types.to}.`
      : `${describeObject(id)}: from ${types.from} to ${types.to}.`;
  if (session !== undefined) {
    return [
      step(`SET LOCAL TimeZone TO ${quoteLiteral(session)}`, {
        comment: `The stored values are in this time zone. ${comment} With it, no row has to be rewritten.`,
        effect: 'does not block',
      }),
      ...(defaults.before === undefined ? [] : [step(`${target} DROP DEFAULT`)]),
      step(`${target} TYPE ${types.to}`, { effect, ...loses }),
      ...(defaults.after === undefined ? [] : [step(`${target} SET DEFAULT ${defaults.after}`)]),
      step('SET LOCAL TimeZone TO DEFAULT', { effect: 'does not block' }),
    ];
  }
  if (how === 'free' || how === 'scan' || (how === 'rewrite' && value === quoteName(id.name ?? ''))) {
    return [
      step(`${target} TYPE ${types.to}`, { comment, effect, ...loses }),
      ...defaultSteps(target, defaults.before, defaults.after),
    ];
  }
  return [
    ...(defaults.before === undefined ? [] : [step(`${target} DROP DEFAULT`)]),
    step(`${target} TYPE ${types.to} USING ${value}`, {
      comment,
      effect,
      ...loses,
    }),
    ...(defaults.after === undefined ? [] : [step(`${target} SET DEFAULT ${defaults.after}`)]),
  ];
}

function defaultSteps(target: string, before: string | undefined, after: string | undefined): readonly Step[] {
  if (after === undefined) return before === undefined ? [] : [step(`${target} DROP DEFAULT`)];
  return before === after ? [] : [step(`${target} SET DEFAULT ${after}`)];
}

function zoneOf({ from, to }: ColumnTypeChange['types'], { decisions }: PlanContext): string | undefined {
  return needsTimeZone(valueType(from), valueType(to)) ? decisions.storedTimezone : undefined;
}

/** One with a time zone and one without, if a time zone decides: only the catalog changes. */
function areTimestamps({ from, to }: ColumnTypeChange['types']): boolean {
  return changesTimeZone(valueType(from), valueType(to));
}

/** An index over an expression or some of the rows is always rebuilt, whatever the types. */
function isIndexedOtherwise(id: ObjectId, { from }: PlanContext): boolean {
  return from.neededBy(id).some((other) => other.kind === 'index' && !isOfColumns(definitionOf(from, other)));
}

/** Whether an index has only names and sort options between its parentheses: no expression, and no predicate. */
function isOfColumns(definition: string): boolean {
  const [index] = classify(definition);
  return index?.groups().every((columns) => !columns.includes('(')) === true && !index.mentions('WHERE');
}

function isStoodOn(id: ObjectId, { from }: PlanContext): boolean {
  return from.neededBy(id).some(({ kind }) => kind !== 'default');
}

/** A given expression or time zone already defines the new values; but a date has no time of day. */
function lossOf(
  { id, given, zone, how, types }: ColumnTypeChange,
  { from, to }: PlanContext,
): { readonly loses?: string | undefined } {
  if (given !== undefined || (zone !== undefined && areTimestamps(types))) return {};
  return { loses: retypingLoss(id, from, to, how === 'needs-using' ? 'cast' : 'assignment') };
}
