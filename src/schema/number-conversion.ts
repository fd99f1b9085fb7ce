import type { Conversion, ValueType } from './value-type.js';

/** What a number of a type can have: digits before the point, digits after it, digits in all that come back as they were. */
interface Reach {
  readonly before: number;
  readonly after: number;
  readonly exact: number;
}

const reaches: Readonly<Record<string, Reach>> = {
  smallint: { before: 5, after: 0, exact: 5 },
  integer: { before: 10, after: 0, exact: 10 },
  bigint: { before: 19, after: 0, exact: 19 },
  money: { before: 17, after: 2, exact: 19 },
  real: { before: 39, after: Infinity, exact: 6 },
  'double precision': { before: 309, after: Infinity, exact: 15 },
  // JSON numbers are stored as numeric.
  jsonb: { before: Infinity, after: Infinity, exact: Infinity },
};

function reachOf({ base, limits, isArray }: ValueType): Reach | undefined {
  if (isArray || base !== 'numeric') return isArray ? undefined : reaches[base];
  const [precision = Infinity, scale = precision === Infinity ? Infinity : 0] = limits;
  return { before: precision === Infinity ? Infinity : precision - scale, after: scale, exact: precision };
}

/** Undefined if one of the two types is not numeric. */
export function numberConversion(from: ValueType, to: ValueType): Conversion | undefined {
  const [had, has] = [reachOf(from), reachOf(to)];
  if (!had || !has || to.base === 'jsonb') return undefined;
  const isRounded = had.after > has.after;
  return {
    loses: isRounded ? roundedTo(has.after) : inexact(from, to, had, has),
    fails: from.base === 'jsonb' ? 'value that is not a number' : isTooLarge(from, to, isRounded, had, has),
  };
}

function roundedTo(decimals: number): string {
  if (decimals === 0) return 'fractions are rounded';
  return decimals > 0 ? `decimals after the first ${decimals} are rounded` : `the last ${-decimals} digits are rounded`;
}

/** https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT */
function inexact(from: ValueType, to: ValueType, had: Reach, has: Reach): string | undefined {
  if (from.base === to.base || (from.base === 'real' && to.base === 'double precision')) return undefined;
  const lost = `digits after the first ${Math.min(had.exact, has.exact)} are rounded`;
  // PostgreSQL converts only the reliable digits of a float to numeric.
  if (isFloat(from)) return lost;
  return isFloat(to) && had.exact > has.exact ? lost : undefined;
}

function isTooLarge(from: ValueType, to: ValueType, isRounded: boolean, had: Reach, has: Reach): string | undefined {
  // 99.9 becomes 100, which has one more digit.
  const needed = had.before + (isRounded ? 1 : 0);
  // The largest integer is less than 9999999999.
  const safe = isInteger(to) && !isInteger(from) ? has.before - 1 : has.before;
  return needed <= safe ? undefined : 'value that is out of range';
}

function isInteger({ base }: ValueType): boolean {
  return ['smallint', 'integer', 'bigint'].includes(base);
}

function isFloat({ base }: ValueType): boolean {
  return base === 'real' || base === 'double precision';
}
