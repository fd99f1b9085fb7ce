/** What a change of a column's type means for the values that are there. Types are as `format_type` says them. */

interface Type {
  /** Without its limits: `character varying`, `timestamp without time zone`. */
  readonly base: string;
  readonly limits: readonly number[];
}

function typeOf(text: string): Type {
  const match = /^(?<base>[^(]+?)(?:\((?<limits>[\d,\- ]+)\))?(?<rest> with(?:out)? time zone|\[\])?$/.exec(text);
  const { base = text, limits = '', rest = '' } = match?.groups ?? {};
  return { base: base + rest, limits: limits === '' ? [] : limits.split(',').map(Number) };
}

const timestamps = ['timestamp without time zone', 'timestamp with time zone'];
const texts = ['text', 'character varying', 'character', '"char"', 'citext', 'name'];
const integers = ['smallint', 'integer', 'bigint'];
const numbers = [...integers, 'numeric', 'double precision', 'real'];

export function changesTimeZone(from: string, to: string): boolean {
  const bases = new Set([typeOf(from).base, typeOf(to).base]);
  return timestamps.every((one) => bases.has(one));
}

/** The catalog changes and nothing else, as long as nothing is converted by hand; for timestamps in a session of the time zone UTC. */
export function isFree(from: string, to: string): boolean {
  const [before, after] = [typeOf(from), typeOf(to)];
  if (changesTimeZone(from, to)) return isAsWide(before, after);
  if (before.base === 'cidr' && after.base === 'inet') return true;
  const free = new Set(['text', 'character varying']);
  if (free.has(before.base) && free.has(after.base)) return isAsWide(before, after);
  if (before.base !== after.base) return false;
  return isAsWide(before, after) && (before.base !== 'character' || from === to);
}

function isAsWide(before: Type, after: Type): boolean {
  if (after.limits.length === 0) return true;
  const [width, scale = 0] = after.limits as [number, number?];
  const [was, scaleWas = 0] = before.limits as [number?, number?];
  return was !== undefined && width >= was && scale === scaleWas;
}

/** What may happen to values that are there; undefined when each fits. */
export function lossOf(from: string, to: string): string | undefined {
  const [before, after] = [typeOf(from), typeOf(to)];
  if (texts.includes(after.base)) return shorterText(before, after);
  if (texts.includes(before.base)) return 'it fails at the first value that is not one of the new type';
  if (numbers.includes(before.base) && numbers.includes(after.base)) return smallerNumber(before, after);
  const precise = timestamps.includes(before.base) || /^(?:time|interval)\b/.test(before.base);
  const coarser =
    precise && before.base.slice(0, 8) === after.base.slice(0, 8) && (after.limits[0] ?? 6) < (before.limits[0] ?? 6);
  if (coarser) return 'fractions of a second are rounded without a word';
  return after.base === 'date' && timestamps.includes(before.base)
    ? 'the time of day is cut off without a word'
    : undefined;
}

/** How long the values of other types are as a text, at most. */
const asText: Readonly<Record<string, number>> = {
  smallint: 6,
  integer: 11,
  bigint: 20,
  uuid: 36,
  boolean: 5,
  date: 13,
};

function shorterText(before: Type, after: Type): string | undefined {
  const [width] = after.limits;
  if (width === undefined) return undefined;
  const longest = texts.includes(before.base) ? (before.limits[0] ?? Infinity) : (asText[before.base] ?? Infinity);
  return longest > width ? `it fails at the first value of more than ${width} characters` : undefined;
}

function smallerNumber(before: Type, after: Type): string | undefined {
  const fractional = !integers.includes(before.base);
  if (integers.includes(after.base)) {
    if (fractional) return 'fractions are rounded without a word, and it fails at the first value out of range';
    return integers.indexOf(after.base) < integers.indexOf(before.base) ? outOfRange : undefined;
  }
  if (after.base === 'numeric') return smallerNumeric(before, after);
  const exactUpTo = after.base === 'real' ? ['smallint', 'real'] : ['smallint', 'integer', 'real', 'double precision'];
  return exactUpTo.includes(before.base)
    ? undefined
    : 'digits beyond what the new type can hold are rounded without a word';
}

const outOfRange = 'it fails at the first value that is out of range';
const digits: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

function smallerNumeric(before: Type, after: Type): string | undefined {
  if (after.limits.length === 0) return undefined;
  const [precision = 0, scale = 0] = after.limits;
  const [precisionWas, scaleWas = 0] = before.base === 'numeric' ? before.limits : [digits[before.base], 0];
  const problems = [
    ...(precisionWas === undefined || scale < scaleWas ? ['fractions are rounded without a word'] : []),
    ...(precisionWas === undefined || precision - scale < precisionWas - scaleWas ? [outOfRange] : []),
  ];
  return problems.length === 0 ? undefined : problems.join(', and ');
}

/** What USING has to say so that PostgreSQL converts at all; undefined when it does so by itself. */
export function conversion(column: string, from: string, to: string): string | undefined {
  const [before, after] = [typeOf(from), typeOf(to)];
  const together = [texts, numbers, [...timestamps, 'date']].some(
    (family) => family.includes(before.base) && family.includes(after.base),
  );
  if (together || texts.includes(after.base) || before.base === after.base) return undefined;
  return texts.includes(before.base) ? `${column}::${to}` : `${column}::text::${to}`;
}
