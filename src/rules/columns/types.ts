import { conversionOf } from '../../schema/conversion.js';
import type { Way } from '../../schema/conversion.js';
import { changesTimeZone as changesZone, valueType } from '../../schema/value-type.js';
import type { ValueType } from '../../schema/value-type.js';

/** The effect of a type change on existing values. Types are written as `format_type` returns them. */

const timestamps = ['timestamp without time zone', 'timestamp with time zone'];
const texts = ['text', 'character varying', 'character', '"char"', 'citext', 'name'];
const numbers = ['smallint', 'integer', 'bigint', 'numeric', 'double precision', 'real'];

export function changesTimeZone(from: string, to: string): boolean {
  return changesZone(valueType(from), valueType(to));
}

/** Whether only the catalog changes, provided there is no USING; for timestamps, in a session whose time zone is UTC. */
export function isFree(from: string, to: string): boolean {
  const [before, after] = [valueType(from), valueType(to)];
  if (before.isArray !== after.isArray) return false;
  if (changesZone(before, after)) return isAsWide(before, after);
  if (before.base === 'cidr' && after.base === 'inet') return true;
  const free = new Set(['text', 'character varying']);
  if (!before.isArray && free.has(before.base) && free.has(after.base)) return isAsWide(before, after);
  if (before.base !== after.base) return false;
  return isAsWide(before, after) && (before.base !== 'character' || from === to);
}

function isAsWide(before: ValueType, after: ValueType): boolean {
  if (after.limits.length === 0) return true;
  const [width, scale = 0] = after.limits as [number, number?];
  const [was, scaleWas = 0] = before.limits as [number?, number?];
  return was !== undefined && width >= was && scale === scaleWas;
}

/** How existing values may be lost, in words; undefined if all fit. */
export function lossOf(from: ValueType, to: ValueType, way: Way): string | undefined {
  // The rule alter-type-timezone reports the time zone.
  const before = changesZone(from, to) ? { ...from, base: to.base } : from;
  const { loses, fails } = conversionOf(before, to, way);
  const found = [
    ...(loses === undefined ? [] : [`${loses} silently`]),
    ...(fails === undefined ? [] : [`it fails at the first ${fails}`]),
  ];
  return found.length === 0 ? undefined : found.join(', and ');
}

/** The USING expression without which PostgreSQL refuses to convert; undefined if none is needed. */
export function conversion(column: string, from: string, to: string): string | undefined {
  const [before, after] = [valueType(from), valueType(to)];
  const together = [texts, numbers, [...timestamps, 'date']].some(
    (family) => family.includes(before.base) && family.includes(after.base),
  );
  if (together || texts.includes(after.base) || before.base === after.base) return undefined;
  return texts.includes(before.base) ? `${column}::${to}` : `${column}::text::${to}`;
}
