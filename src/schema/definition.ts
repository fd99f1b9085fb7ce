import { classify } from '../sql/index.js';
import { definitionOf } from './column.js';
import type { ObjectId } from './object-id.js';
import type { Schema } from './read.js';

/** The parts of an index definition, as the server prints them. */
export interface IndexDefinition {
  readonly unique: '' | 'UNIQUE ';
  /** `users_name ON public.users USING btree (name)` */
  readonly nameAndRest: string;
  /** `ON public.users USING btree (name)` */
  readonly rest: string;
  readonly method: string;
  /** `(lower(name)) WHERE age > 3` */
  readonly keys: string;
}

export function indexDefinition(schema: Schema, index: ObjectId): IndexDefinition {
  return indexParts(definitionOf(schema, index));
}

export function indexParts(definition: string): IndexDefinition {
  const [found] = classify(definition);
  const { unique = false, text = '', beforeName = '', afterName = '', afterTable = '' } = found ?? {};
  const method = found?.nameAfter('USING')?.[0] ?? '';
  return {
    unique: unique ? 'UNIQUE ' : '',
    nameAndRest: text.slice(beforeName.length),
    rest: afterName,
    method,
    keys: afterTable.slice(`USING ${method} `.length),
  };
}

/** The parts of a unique or primary key definition, in the order of its text. */
export interface KeyDefinition {
  readonly kind: 'UNIQUE' | 'PRIMARY KEY';
  /** `a, b` */
  readonly columns: string;
  readonly include: string;
  readonly nulls: string;
  readonly deferrable: string;
}

/** Undefined for any other constraint, and for a key with other parts. */
export function keyDefinition(schema: Schema, constraint: ObjectId): KeyDefinition | undefined {
  const definition = definitionOf(schema, constraint);
  const [found] = classify(definition);
  const [columns, included] = found?.groups() ?? [];
  if (!found || columns === undefined || found.mentions('WITHOUT', 'OVERLAPS')) return undefined;
  const parts: KeyDefinition = {
    kind: schema.get(constraint)?.is['type'] === 'p' ? 'PRIMARY KEY' : 'UNIQUE',
    columns,
    include: included === undefined ? '' : ` INCLUDE (${included})`,
    nulls: found.mentions('NULLS', 'NOT', 'DISTINCT') ? ' NULLS NOT DISTINCT' : '',
    deferrable: isDeferrable(schema, constraint)
      ? ` DEFERRABLE${found.mentions('INITIALLY', 'DEFERRED') ? ' INITIALLY DEFERRED' : ''}`
      : '',
  };
  const whole = `${parts.kind}${parts.nulls} (${columns})${parts.include}${parts.deferrable}`;
  return whole === definition ? parts : undefined;
}

/** Whether a constraint is deferrable. */
export function isDeferrable(schema: Schema, constraint: ObjectId): boolean {
  return classify(definitionOf(schema, constraint)).some((definition) => definition.mentions('DEFERRABLE'));
}
