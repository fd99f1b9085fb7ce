import { numberConversion } from './number-conversion.js';
import { changesTimeZone, isTemporal, isText, longest } from './value-type.js';
import type { Conversion, ValueType } from './value-type.js';

/**
 * How a value gets its new type. What is assigned is refused where it is too long; an explicit cast, as in `USING name::varchar(20)`, cuts
 * it off: https://www.postgresql.org/docs/current/datatype-character.html
 */
export type Way = 'assignment' | 'cast';

const nothing: Conversion = {};
const unheardOf: Conversion = { loses: 'the cast may lose part of a value' };

/** What a change of a type may do to the values: the one place that knows it. Of types that it has never heard of, it says that they may lose something. */
export function conversionOf(from: ValueType, to: ValueType, way: Way): Conversion {
  if (from.isArray && to.isArray) return conversionOf({ ...from, isArray: false }, { ...to, isArray: false }, way);
  if (isText(to)) return toText(from, to, way);
  if (isText(from)) return fromText(to);
  if (from.isArray !== to.isArray) return unheardOf;
  if (to.base.startsWith('bit')) return toBits(from, to, way);
  if (isTemporal(from) && isTemporal(to)) return toTemporal(from, to);
  return numberConversion(from, to) ?? others(from, to);
}

function others(from: ValueType, to: ValueType): Conversion {
  const { labels } = to;
  if (from.labels && labels)
    return from.labels.every((label) => labels.includes(label)) ? nothing : { fails: 'value that the new type lacks' };
  // A type of an extension that allows more, or that only looks whether a value is as it should be.
  if (from.base === to.base) return to.limits.length === 0 ? nothing : { fails: 'value that does not fit' };
  return special[`${from.base} → ${to.base}`] ?? unheardOf;
}

const special: Readonly<Record<string, Conversion>> = {
  'inet → cidr': { loses: 'the host part of an address is cut off' },
  'cidr → inet': nothing,
  'macaddr → macaddr8': nothing,
  'macaddr8 → macaddr': { fails: 'address that is too long' },
  'integer → boolean': { loses: 'all numbers but 0 become the same' },
  'boolean → integer': nothing,
  // If an object has duplicate keys, all but the last are lost; JSON leaves their meaning undefined.
  'json → jsonb': nothing,
  'jsonb → json': nothing,
  'jsonb → boolean': { fails: 'value that is not true or false' },
  'bit → integer': { fails: 'value that is out of range' },
  'bit → bigint': { fails: 'value that is out of range' },
};

function toText(from: ValueType, to: ValueType, way: Way): Conversion {
  const width = longest(to);
  // These two count bytes, of which a character may have four, and cut off whatever the way.
  const counts = to.base === 'name' || to.base === '"char"' ? 'bytes' : 'characters';
  const isLonger = longest(from) * (counts === 'bytes' && (isText(from) || from.labels) ? 4 : 1) > width;
  const cutOff = `anything longer than ${width} ${width === 1 ? counts.slice(0, -1) : counts} is cut off`;
  if (isLonger && (counts === 'bytes' || way === 'cast')) return { loses: cutOff };
  const isPadded = to.base === 'character' && isText(from) && from.base !== 'character';
  return {
    loses: isPadded ? 'spaces at the end of a value are lost' : undefined,
    fails: isLonger ? `value of more than ${width} characters` : undefined,
  };
}

function fromText(to: ValueType): Conversion {
  const fails = 'value that is not valid for the new type';
  if (to.labels || to.base === 'json') return { fails };
  return { loses: 'how a value was written is lost (007 becomes 7)', fails };
}

function toBits(from: ValueType, to: ValueType, way: Way): Conversion {
  const sizes: Readonly<Record<string, number>> = { integer: 32, bigint: 64 };
  const had = sizes[from.base] ?? from.limits[0] ?? Infinity;
  const has = to.limits[0] ?? Infinity;
  const isOfOneLength = to.base === 'bit' && !(from.base === 'bit' && had === has);
  if (way === 'cast') return had > has ? { loses: `anything longer than ${has} bits is cut off` } : nothing;
  return isOfOneLength || had > has ? { fails: `value that is not ${has} bits long` } : nothing;
}

const mostDecimals = 6;

function toTemporal(from: ValueType, to: ValueType): Conversion {
  const isCoarser =
    ![from, to].some(({ base }) => base === 'date') &&
    (to.limits[0] ?? mostDecimals) < (from.limits[0] ?? mostDecimals);
  const losses = [partLost(from, to), isCoarser ? 'fractions of a second are rounded' : undefined];
  const loses = losses.filter((loss) => loss !== undefined);
  return loses.length === 0 ? nothing : { loses: loses.join(', and ') };
}

function partLost(from: ValueType, to: ValueType): string | undefined {
  if (from.base === to.base || to.base === 'interval') return undefined;
  if (from.base.startsWith('interval'))
    return to.base.startsWith('interval') ? `parts that ${to.base} does not store are cut off` : 'days are cut off';
  if (changesTimeZone(from, to)) return 'the time zone of the session decides what the values are';
  if (from.base.startsWith('timestamp'))
    return to.base === 'date' ? 'the time of day is cut off' : 'the date is cut off';
  return from.base === 'time with time zone' ? 'the time zone is cut off' : undefined;
}
