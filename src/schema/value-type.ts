/** What becomes of the values of a column that gets another type. */
export interface Conversion {
  /** What they lose without an error, in words; undefined when each can be had back. */
  readonly loses?: string | undefined;
  /** At which value the server stops, so that nothing is lost, in words; undefined when it takes each. */
  readonly fails?: string | undefined;
}

/** A type of a column, taken apart. A domain is the type below it. */
export interface ValueType {
  /** Without its limits: `character varying`, `timestamp without time zone`, `interval`. */
  readonly base: string;
  /** `[10, 2]` of `numeric(10,2)`. */
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

/** How long the values of other types are as a text, at most. */
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

/** How many characters a value has as a text, at most. */
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
