import type { Change } from '../schema/change.js';
import { defaultOf } from '../schema/column.js';
import { keyOf, objectId, tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { ownDefinitionOf } from '../schema/own-words.js';
import type { Schema, SchemaObject } from '../schema/read.js';
import { generatedName, quoteName } from '../sql/index.js';

/**
 * Makes of single statements what a person would write: whole CREATE TABLE statements with their columns and keys, `serial` instead of a
 * sequence beside its column, one statement for a new type with its default. The proof sees to it that this changes nothing.
 */
export function tidy(changes: readonly Change[], to: Schema): readonly Change[] {
  return wholeTables(enumsFirst(changes, to), to);
}

/** Schemas, extensions, enums and new values of enums need nothing, and columns and their defaults need them. */
function enumsFirst(changes: readonly Change[], to: Schema): readonly Change[] {
  const rank = (change: Change): number => {
    const [id] = change.creates;
    if (change.commitAfter) return 3;
    if (change.verb !== 'create' || id === undefined) return 4;
    const place = ['schema', 'extension'].indexOf(id.kind);
    return place !== -1 ? place : to.get(id)?.is['variant'] === 'enum' ? 2 : 4;
  };
  return changes
    .map((change, index) => ({ change, index }))
    .sort((a, b) => rank(a.change) - rank(b.change) || a.index - b.index)
    .map(({ change }) => change);
}

interface Table {
  readonly at: number;
  readonly id: ObjectId;
  readonly clauses: { readonly column: ObjectId; readonly text: string }[];
  readonly constraints: string[];
  readonly creates: ObjectId[];
  readonly uses: ObjectId[];
}

function wholeTables(changes: readonly Change[], to: Schema): readonly Change[] {
  const tables = new Map<string, Table>();
  const created = new Set<string>();
  const result: (Change | undefined)[] = [...changes];
  const serials = serialSequences(changes, to);
  const remade = remadeTypes(changes);
  for (const [at, change] of changes.entries()) {
    const [first] = change.creates;
    const table =
      first?.table === undefined ? undefined : tables.get(keyOf(objectId('table', first.schema, first.table)));
    if (change.kind === 'create table' && change.isEmpty) {
      const { id, uses } = change;
      tables.set(keyOf(id), { at, id, clauses: [], constraints: [], creates: [id], uses: [...uses] });
      created.add(keyOf(id));
    } else if (serials.has(at)) {
      result[at] = undefined;
    } else if (table && first && canBeInside(change, table, to, created, serials) && !needsAny(change, remade, to)) {
      const inside = insideOf(change, first, to, serials);
      if (first.kind === 'column') table.clauses.push({ column: first, text: inside.clause });
      else table.constraints.push(inside.clause);
      table.creates.push(...change.creates, ...inside.creates);
      table.uses.push(...change.uses);
      result[at] = undefined;
    } else {
      // What comes later than the table cannot be needed inside of it.
      for (const id of change.creates)
        if (!['index', 'sequence', 'constraint'].includes(id.kind)) created.add(keyOf(id));
    }
  }
  for (const { at, id, clauses, constraints, creates, uses } of tables.values()) {
    // The engine makes columns wait for their types; in the statement they stand in the order of the entity.
    const place = ({ column }: Table['clauses'][number]): number => Number(to.get(column)?.is['_position']);
    const columns = clauses.toSorted((one, other) => place(one) - place(other));
    const inner = [...columns.map(({ text }) => text), ...constraints];
    const sql = `CREATE TABLE ${tableSql(id)} (${inner.length === 0 ? '' : `\n  ${inner.join(',\n  ')}\n`})`;
    const whole = { kind: 'create table', isEmpty: false, verb: 'create' } as const;
    result[at] = { ...whole, id, sql, creates, drops: [], uses, loses: undefined, commitAfter: false };
  }
  return result.filter((change) => change !== undefined);
}

/** A type that is made anew is that of a column only from its place on. */
function remadeTypes(changes: readonly Change[]): ReadonlySet<string> {
  const remade = changes.filter(({ verb, commitAfter }) => verb === 'alter' && !commitAfter);
  return new Set(remade.flatMap(({ uses }) => uses.filter(({ kind }) => kind === 'type').map(keyOf)));
}

function needsAny({ creates }: Change, keys: ReadonlySet<string>, to: Schema): boolean {
  return creates.some((id) => to.needs(id).some((needed) => keys.has(keyOf(needed))));
}

type Serials = ReadonlyMap<number, { readonly column: ObjectId; readonly sequence: ObjectId }>;

/** Sequences that are just what `serial` makes: their CREATE and OWNED BY statements, by their place. */
function serialSequences(changes: readonly Change[], to: Schema): Serials {
  const found = new Map<number, { column: ObjectId; sequence: ObjectId }>();
  const tables = new Set(changes.flatMap(({ creates }) => creates.filter(({ kind }) => kind === 'table').map(keyOf)));
  for (const [at, { kind, id: sequence }] of changes.entries()) {
    if (kind !== 'create sequence' && kind !== 'own sequence') continue;
    const serial = serialColumn(to.get(sequence), to);
    if (serial && tables.has(keyOf(objectId('table', serial.schema, serial.table ?? '')))) {
      found.set(at, { column: serial, sequence });
    }
  }
  return found;
}

const largest: Readonly<Record<string, string>> = {
  smallint: '32767',
  integer: '2147483647',
  bigint: '9223372036854775807',
};
const serialTypes: Readonly<Record<string, string>> = {
  smallint: 'smallserial',
  integer: 'serial',
  bigint: 'bigserial',
};

function serialColumn(sequence: SchemaObject | undefined, to: Schema): ObjectId | undefined {
  const owner = sequence?.is['ownedBy'] as { schema: string; table: string; column: string } | null | undefined;
  if (!sequence || !owner) return undefined;
  const { dataType, start, increment, minValue, maxValue, cache, cycle } = sequence.is;
  const column = objectId('column', owner.schema, owner.column, owner.table);
  const usual =
    [start, increment, minValue, cache].every((value) => value === '1') &&
    cycle === false &&
    maxValue === largest[String(dataType)] &&
    to.get(column)?.is['type'] === dataType &&
    to.get(column)?.is['notNull'] === true &&
    sequence.id.schema === owner.schema &&
    sequence.id.name === generatedName(owner.table, owner.column, 'seq');
  const takes = (defaultOf(to, column) ?? '').startsWith('nextval(');
  return usual && takes ? column : undefined;
}

function serialOf(id: ObjectId, serials: Serials): ObjectId | undefined {
  return [...serials.values()].find(({ column }) => keyOf(column) === keyOf(id))?.sequence;
}

function canBeInside(
  change: Change,
  table: Table,
  to: Schema,
  created: ReadonlySet<string>,
  serials: Serials,
): boolean {
  const [first] = change.creates;
  if (change.verb !== 'create' || first === undefined) return false;
  if (first.kind === 'constraint') {
    const inside = new Set(table.creates.map(keyOf));
    const columns = to.needs(first).filter(({ kind }) => kind === 'column');
    const isKeyOrCheck = ['p', 'u', 'c'].includes(String(to.get(first)?.is['type']));
    return isKeyOrCheck && columns.every((column) => inside.has(keyOf(column))) && isThere(change, to, created);
  }
  return first.kind === 'column' && (serialOf(first, serials) !== undefined || isThere(change, to, created));
}

/** Only new things can be missing, and functions are the ones that come after tables. */
function isThere({ creates }: Change, to: Schema, created: ReadonlySet<string>): boolean {
  const needed = creates.flatMap((id) => to.needs(id));
  return (
    needed.every(({ kind }) => !['function', 'sequence', 'domain'].includes(kind)) ||
    needed.every((id) => created.has(keyOf(id)))
  );
}

function insideOf(
  change: Change,
  first: ObjectId,
  to: Schema,
  serials: Serials,
): { readonly clause: string; readonly creates: readonly ObjectId[] } {
  if (first.kind === 'constraint') {
    return { clause: `CONSTRAINT ${quoteName(first.name ?? '')} ${ownDefinitionOf(to, first)}`, creates: [] };
  }
  const sequence = serialOf(first, serials);
  if (sequence) {
    const type = serialTypes[String(to.get(first)?.is['type'])] ?? 'serial';
    return { clause: `${quoteName(first.name ?? '')} ${type} NOT NULL`, creates: [sequence] };
  }
  return { clause: change.kind === 'add column' ? change.clause : '', creates: [] };
}
