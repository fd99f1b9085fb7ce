import type { Change } from '../schema/change.js';
import { columnOf, columnsOf, ownerOf } from '../schema/column.js';
import { keyOf, relationOf, tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { ownDefinitionOf } from '../schema/own-words.js';
import type { Schema } from '../schema/read.js';
import { generatedName, quoteName } from '../sql/index.js';
import { isByHand } from './context.js';
import type { ByHand, PlanContext } from './context.js';

/**
 * Combines single statements as a person would write them: CREATE TABLE statements with their columns and keys, `serial` instead of a
 * separate sequence, one statement for a new type with its default. The proof ensures that this changes nothing.
 */
export function tidy(
  changes: readonly Change[],
  { to, byHand }: Pick<PlanContext, 'to' | 'byHand'>,
): readonly Change[] {
  return wholeTables(enumsFirst(changes, to), to, byHand);
}

/**
 * Extensions, schemas, enums and new values of enums need nothing but the schema of an extension, and columns and their defaults need
 * them. Other types that need nothing new follow, so that a table has its columns in their order.
 */
function enumsFirst(changes: readonly Change[], to: Schema): readonly Change[] {
  const forExtensions = new Set(
    changes.flatMap(({ kind, uses }) => (kind === 'create extension' ? uses.map(keyOf) : [])),
  );
  const dropped = new Set(changes.flatMap(({ drops }) => drops.map(keyOf)));
  const rank = (change: Change): number => {
    const [id] = change.creates;
    if (change.commitAfter) return 4;
    if (change.verb !== 'create' || id === undefined) return 6;
    if (id.kind === 'schema') return forExtensions.has(keyOf(id)) ? 0 : 2;
    if (id.kind === 'extension') return 1;
    if (to.get(id)?.is['variant'] === 'enum') return 3;
    const needed = change.creates.flatMap((part) => to.needs(part)).filter((other) => keyOf(other) !== keyOf(id));
    return isType(id) && !dropped.has(keyOf(id)) && needed.every((other) => isEarly(other, to)) ? 5 : 6;
  };
  return changes
    .map((change, index) => ({ change, index }))
    .sort((a, b) => rank(a.change) - rank(b.change) || a.index - b.index)
    .map(({ change }) => change);
}

/** The number of the change that creates an object, by its key. */
type Created = ReadonlyMap<string, number>;

function isType({ kind }: ObjectId): boolean {
  return kind === 'type' || kind === 'domain';
}

function isEarly(id: ObjectId, to: Schema): boolean {
  return id.kind === 'schema' || id.kind === 'extension' || to.get(id)?.is['variant'] === 'enum';
}

interface Table {
  readonly at: number;
  readonly id: ObjectId;
  /** By the keys of the columns. */
  readonly clauses: Map<string, string>;
  readonly constraints: string[];
  readonly creates: ObjectId[];
  readonly uses: ObjectId[];
}

function wholeTables(changes: readonly Change[], to: Schema, byHand: ByHand | undefined): readonly Change[] {
  const tables = new Map<string, Table>();
  const created = new Map<string, number>();
  const result: (Change | undefined)[] = [...changes];
  const serials = serialsOf(changes, to);
  const ofSerials = new Set([...serials.values()].map(keyOf));
  const remade = remadeTypes(changes);
  for (const [at, change] of changes.entries()) {
    const { kind, id } = change;
    const table = id.table === undefined ? undefined : tables.get(keyOf(relationOf(id)));
    if (kind === 'create table' && change.isEmpty) {
      tables.set(keyOf(id), { at, id, clauses: new Map(), constraints: [], creates: [id], uses: [...change.uses] });
      created.set(keyOf(id), at);
    } else if ((kind === 'create sequence' || kind === 'own sequence') && ofSerials.has(keyOf(id))) {
      result[at] = undefined;
    } else if (
      table &&
      isByHand(change, byHand) === isByHand({ creates: [], id: table.id }, byHand) &&
      canBeInside(change, table, to, created, serials) &&
      !needsAny(change, remade, to)
    ) {
      const serial = serials.get(keyOf(id));
      if (kind === 'add column') table.clauses.set(keyOf(id), serial ? serialClause(id, to) : change.clause);
      else table.constraints.push(`CONSTRAINT ${quoteName(id.name ?? '')} ${ownDefinitionOf(to, id)}`);
      table.creates.push(...change.creates, ...(serial ? [serial] : []));
      table.uses.push(...change.uses);
      result[at] = undefined;
    } else {
      for (const made of change.creates)
        if (!['index', 'sequence', 'constraint'].includes(made.kind)) created.set(keyOf(made), at);
    }
  }
  for (const { at, id, clauses, constraints, creates, uses } of tables.values()) {
    // The engine orders columns after their types; the statement lists them in the order of the entity.
    const columns = columnsOf(id, to).flatMap((column) => clauses.get(keyOf(column)) ?? []);
    const inner = [...columns, ...constraints];
    const sql = `CREATE TABLE ${tableSql(id)} (${inner.length === 0 ? '' : `\n  ${inner.join(',\n  ')}\n`})`;
    const whole = { kind: 'create table', isEmpty: false, verb: 'create' } as const;
    result[at] = { ...whole, id, sql, creates, drops: [], uses, loses: undefined, commitAfter: false };
  }
  return result.filter((change) => change !== undefined);
}

/** A type that is created again is the type of a column only from that change on. */
function remadeTypes(changes: readonly Change[]): ReadonlySet<string> {
  const remade = changes.filter(({ verb, commitAfter }) => verb === 'alter' && !commitAfter);
  return new Set(remade.flatMap(({ uses }) => uses.filter(({ kind }) => kind === 'type').map(keyOf)));
}

function needsAny({ creates }: Change, keys: ReadonlySet<string>, to: Schema): boolean {
  return creates.some((id) => to.needs(id).some((needed) => keys.has(keyOf(needed))));
}

/** The sequence that is exactly what `serial` would create, by the key of its column. */
type Serials = ReadonlyMap<string, ObjectId>;

function serialsOf(changes: readonly Change[], to: Schema): Serials {
  const tables = new Set(
    changes.flatMap((change) => (change.kind === 'create table' && change.isEmpty ? [keyOf(change.id)] : [])),
  );
  const sequences = changes.flatMap(({ kind, id }) => (kind === 'create sequence' ? [id] : []));
  return new Map(
    sequences.flatMap((sequence) => {
      const column = serialColumn(sequence, to);
      return column && tables.has(keyOf(relationOf(column))) ? [[keyOf(column), sequence] as const] : [];
    }),
  );
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

function serialColumn(sequence: ObjectId, to: Schema): ObjectId | undefined {
  const column = ownerOf(sequence, to);
  if (!column) return undefined;
  const { dataType, start, increment, minValue, maxValue, cache, cycle } = to.get(sequence)?.is ?? {};
  const { type, notNull, default: expression } = columnOf(to, column) ?? {};
  const usual =
    [start, increment, minValue, cache].every((value) => value === '1') &&
    cycle === false &&
    maxValue === largest[String(dataType)] &&
    type === dataType &&
    notNull === true &&
    sequence.schema === column.schema &&
    sequence.name === generatedName(column.table ?? '', column.name ?? '', 'seq');
  return usual && expression?.startsWith('nextval(') === true ? column : undefined;
}

function serialClause(column: ObjectId, to: Schema): string {
  return `${quoteName(column.name ?? '')} ${serialTypes[columnOf(to, column)?.type ?? ''] ?? 'serial'} NOT NULL`;
}

function canBeInside(change: Change, table: Table, to: Schema, created: Created, serials: Serials): boolean {
  const { kind, id } = change;
  if (kind === 'add column') return serials.has(keyOf(id)) || isThere(change, table, to, created);
  if (kind !== 'add constraint' || !['p', 'u', 'c'].includes(String(to.get(id)?.is['type']))) return false;
  const inside = new Set(table.creates.map(keyOf));
  const columns = to.needs(id).filter((needed) => needed.kind === 'column');
  return columns.every((column) => inside.has(keyOf(column))) && isThere(change, table, to, created);
}

/** Only new things can be missing: what is created after the table, and members of extensions as far as is known. */
function isThere({ creates }: Change, table: Table, to: Schema, created: Created): boolean {
  const needed = creates.flatMap((id) => to.needs(id)).filter((id) => keyOf(relationOf(id)) !== keyOf(table.id));
  const placeOf = (id: ObjectId): number | undefined => created.get(keyOf(id));
  return (
    needed.every((id) => (placeOf(id) ?? -1) < table.at) &&
    needed.every((id) => !mayBeMissing.has(id.kind) || placeOf(id) !== undefined)
  );
}

const mayBeMissing: ReadonlySet<string> = new Set(['function', 'sequence', 'domain']);
