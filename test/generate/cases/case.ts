import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';
import type { Evolution } from '../../support/evolve.js';

/** One change of entities, as data. */
export interface Case extends Evolution {
  readonly name: string;
  /** The statements of the change, where it matters that they are these. */
  readonly sql?: readonly string[];
  /** Texts that stand in the statements. */
  readonly says?: readonly string[];
  readonly neverSays?: RegExp;
  readonly warnings?: readonly string[];
  /** The phases of the files, in order. */
  readonly phases?: readonly ('expand' | 'contract')[];
}

export type Column = EntitySchemaColumnOptions;
export type Columns = Record<string, Column>;
type More = Partial<EntitySchemaOptions<object>>;

const id: Column = { type: 'int', primary: true, generated: 'increment' };

/** An entity with a serial `id` and these columns. */
export function entity(name: string, columns: Columns, more: More = {}): EntitySchema {
  return bare(name, { id, ...columns }, more);
}

/** An entity with these columns only. */
export function bare(name: string, columns: Columns, more: More = {}): EntitySchema {
  return new EntitySchema<object>({ name, tableName: name, columns, ...more });
}

/** One column of the table `t` becomes another, with rows of these values in it. */
export function column(
  name: string,
  [from, to]: readonly [Column, Column],
  values: readonly string[] = [],
  more: Partial<Case> = {},
): Case {
  return {
    name,
    before: [entity('t', { c: from })],
    after: [entity('t', { c: to })],
    rows: values.length === 0 ? [] : [`INSERT INTO t (c) VALUES ${values.map((value) => `(${value})`).join(', ')}`],
    ...more,
  };
}
