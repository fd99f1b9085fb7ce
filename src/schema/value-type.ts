/** The effect of a type change on the values of a column. */
export interface Conversion {
  /** What is lost without an error, in words; undefined if every value can be restored. */
  readonly loses?: string | undefined;
  /** The first value that the server rejects, so that nothing is lost, in words; undefined if it accepts all. */
  readonly fails?: string | undefined;
}

/** The parts of a column's type. A domain counts as its base type. */
export interface ValueType {
  /** Without its limits: `character varying`, `timestamp without time zone`, `interval`. */
  readonly base: string;
  /** `[10, 2]` for `numeric(10,2)`. */
  readonly limits: readonly number[];
  readonly isArray: boolean;
  /** Of an enum. */
  readonly labels?: readonly string[] | undefined;
}

/** `text` is as `format_type` writes it, perhaps with a collation. */
export function valueType(text: string, labels?: readonly string[]): ValueType {
  const type = text.replace(/ COLLATE .*$/, '');
  const match =
    /^(?<base>[^(]+?)(?:\((?<limits>-?\d+(?:,-?\d+)*)\))?(?<zone> with(?:out)? time zone)?(?<array>(?:\[\])*)$/.exec(
      type,
    );
  const { base = type, limits, zone = '', array = '' } = match?.groups ?? {};
  return {
    // Types of extensions may lie in any schema.
    base: (base + zone).replace(/^.*\.(?=citext$)/, ''),
    limits: limits === undefined ? [] : limits.split(',').map(Number),
    isArray: array !== '',
    labels,
  };
}

const texts = new Set(['text', 'character varying', 'character', 'bpchar', '"char"', 'citext', 'name']);
const temporal = /^(?:timestamp|time) with|^date$|^interval\b/;

export function isText({ base, isArray }: ValueType): boolean {
  return !isArray && texts.has(base);
}

export function isTemporal({ base, isArray }: ValueType): boolean {
  return !isArray && temporal.test(base);
}

/** The maximum text length of values of other types. */
const lengths: Readonly<Record<string, number>> = {
  smallint: 6,
  integer: 11,
  bigint: 20,
  real: 15,
  'double precision': 24,
  uuid: 36,
  boolean: 5,
  date: 13,
  macaddr: 17,
  macaddr8: 23,
};

/** The maximum number of characters of a value as text. */
export function longest({ base, limits, labels, isArray }: ValueType): number {
  if (isArray) return Infinity;
  if (base === 'name') return 63;
  if (base === '"char"') return 1;
  if (labels) return Math.max(0, ...labels.map((label) => label.length));
  const [first] = limits;
  if (texts.has(base)) return first ?? Infinity;
  // A sign, a point, and a 0 before it.
  if (base === 'numeric' && first !== undefined) return first + 3;
  return lengths[base] ?? Infinity;
}

/** Between a timestamp with a time zone and one without. */
export function changesTimeZone(from: ValueType, to: ValueType): boolean {
  return [from, to].every(({ base }) => base.startsWith('timestamp')) && from.base !== to.base;
}

/** Whether a time zone decides the new value: between a timestamp with one, and a timestamp or a date without. */
export function needsTimeZone(from: ValueType, to: ValueType): boolean {
  const isZoned = ({ base }: ValueType): boolean => base === 'timestamp with time zone';
  const isPlain = ({ base }: ValueType): boolean => base === 'timestamp without time zone' || base === 'date';
  return !from.isArray && !to.isArray && ((isZoned(from) && isPlain(to)) || (isPlain(from) && isZoned(to)));
}
