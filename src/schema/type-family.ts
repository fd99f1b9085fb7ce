import { withoutCollation } from './column.js';

/** Types between which a column is changed without becoming another one: wider, narrower, with a time zone. */
const families: readonly (readonly string[])[] = [
  ['character varying', 'text', 'character', 'citext'],
  ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'],
  ['timestamp without time zone', 'timestamp with time zone'],
  ['time without time zone', 'time with time zone'],
  ['json', 'jsonb'],
];

/** The same for the types of one family, arrays with arrays; a type that is in none is a family of its own. */
export function familyOf(type: string): string {
  // `numeric(10,2)`, `timestamp(3) with time zone`, `character varying(20)[]`: what is in brackets is its size.
  const plain = withoutCollation(type).replace(/\(\d+(?:,-?\d+)?\)/, '');
  const element = plain.replace(/(?:\[\])+$/, '');
  const family = families.find((types) => types.includes(element))?.[0] ?? element;
  return `${family}${plain.slice(element.length)}`;
}
