import { conversionOf } from '../../schema/conversion.js';
import type { Way } from '../../schema/conversion.js';
import { changesTimeZone as changesZone, valueType } from '../../schema/value-type.js';
import type { ValueType } from '../../schema/value-type.js';

/** What a change of a column's type means for the values that are there. Types are as `format_type` says them. */

const timestamps = ['timestamp without time zone', 'timestamp with time zone'];
const texts = ['text', 'character varying', 'character', '"char"', 'citext', 'name'];
const numbers = ['smallint', 'integer', 'bigint', 'numeric', 'double precision', 'real'];

export function changesTimeZone(from: string, to: string): boolean {
  return changesZone(valueType(from), valueType(to));
}

/** The catalog changes and nothing else, as long as nothing is converted by hand; for timestamps in a session of the time zone UTC. */
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

/** What may happen to values that are there, in words; undefined when each fits. */
export function lossOf(from: ValueType, to: ValueType, way: Way): string | undefined {
  // Of the time zone, a rule of its own speaks.
  const before = changesZone(from, to) ? { ...from, base: to.base } : from;
  const { loses, fails } = conversionOf(before, to, way);
  const found = [
    ...(loses === undefined ? [] : [`${loses} without a word`]),
    ...(fails === undefined ? [] : [`it fails at the first ${fails}`]),
  ];
  return found.length === 0 ? undefined : found.join(', and ');
}

/** What USING has to say so that PostgreSQL converts at all; undefined when it does so by itself. */
export function conversion(column: string, from: string, to: string): string | undefined {
  const [before, after] = [valueType(from), valueType(to)];
  const together = [texts, numbers, [...timestamps, 'date']].some(
    (family) => family.includes(before.base) && family.includes(after.base),
  );
  if (together || texts.includes(after.base) || before.base === after.base) return undefined;
  return texts.includes(before.base) ? `${column}::${to}` : `${column}::text::${to}`;
}
