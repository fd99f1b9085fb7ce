import type { EngineAction } from './engine.js';
import { lossOf } from './loss.js';
import { sqlName, tableSql } from './object-id.js';
import type { ObjectId } from './object-id.js';
import type { Schema } from './read.js';
import { quoteName } from '../sql/index.js';

/** One difference between two schemas, in its place in the order, with the statement that makes it. */
export type Change = Statement & What;

interface Statement {
  /** The statement as the engine writes it. */
  readonly sql: string;
  readonly verb: EngineAction['verb'];
  readonly creates: readonly ObjectId[];
  readonly drops: readonly ObjectId[];
  /** The objects that it affects, and its dependencies. */
  readonly uses: readonly ObjectId[];
  /** The data that it may lose, in words; undefined if none. */
  readonly loses: string | undefined;
  /** A value that is added to an enum can be used only after a commit. */
  readonly commitAfter: boolean;
}

/** The effect of the statement, and `id`, the affected object. */
type What =
  | Of<'create table', { /** Its columns follow in separate changes. */ readonly isEmpty: boolean }>
  | Of<'add column', { /** The definition after ADD COLUMN. */ readonly clause: string }>
  | Of<'alter type', { /** The enum of the same name that replaces the old one. */ readonly remade?: ObjectId }>
  | Of<'add enum value', { /** The value and its position: `'b' AFTER 'a'`. */ readonly clause: string }>
  | Of<'replace enum', { /** Which of the three statements this is. */ readonly part: 'rename' | 'create' | 'drop' }>
  | Of<'set default' | 'drop default' | 'set not null' | 'drop not null' | 'add identity' | 'drop identity'>
  | Of<'create index' | 'add constraint' | 'create sequence' | 'own sequence' | 'alter sequence'>
  | Of<'create schema'>
  | Of<'create extension', { /** Its name, and its target schema. */ readonly clause: string }>
  /** Whatever the kind of the object is. */
  | Of<'drop'>
  /** All other effects. */
  | Of<'create' | 'alter'>;

type Of<Kind, Parts = unknown> = { readonly kind: Kind; readonly id: ObjectId } & Parts;

/** Derived from the objects that the engine names, and from their definitions in both schemas. */
export function changeOf(action: EngineAction, from: Schema, to: Schema): Change {
  const { sql, verb, produces, destroys, consumes, releases, transactionality } = action;
  const what = whatOf(action, from, to);
  return {
    ...what,
    sql: sql.replaceAll('__pgdelta_replaced"', '_old"'),
    verb,
    creates: produces,
    drops: destroys,
    uses: [...consumes, ...releases],
    loses: action.dataLoss === 'destructive' || what.kind === 'alter type' ? lossOf(what, from, to) : undefined,
    commitAfter: transactionality === 'commitBoundaryAfter',
  };
}

function whatOf(action: EngineAction, from: Schema, to: Schema): What {
  const { verb, produces, destroys, consumes, sql } = action;
  const id = (verb === 'create' && produces[0]) || (verb === 'drop' && destroys[0]) || consumes[0];
  if (id === undefined) return { kind: 'alter', id: { kind: 'unknown' } };
  if (verb === 'drop') return id.kind === 'default' ? { kind: 'drop default', id: columnOf(id) } : { kind: 'drop', id };
  return verb === 'create' && produces.length > 0 ? created(id, sql, to) : altered(id, action, from, to);
}

const createdAs = {
  index: 'create index',
  constraint: 'add constraint',
  sequence: 'create sequence',
  schema: 'create schema',
} as const;

function created(id: ObjectId, sql: string, to: Schema): What {
  if (id.kind === 'column')
    return { kind: 'add column', id, clause: after(`ALTER TABLE ${tableSql(id)} ADD COLUMN `, sql) };
  if (id.kind === 'default') return { kind: 'set default', id: columnOf(id) };
  if (id.kind === 'table') {
    const { partitionBound, partitionKey, parentTable, persistence } = to.get(id)?.is ?? {};
    const isPlain = [partitionBound, partitionKey, parentTable].every(
      (special) => (special ?? undefined) === undefined,
    );
    return { kind: 'create table', id, isEmpty: isPlain && persistence === 'p' };
  }
  if (id.kind === 'extension') return { kind: 'create extension', id, clause: after('CREATE EXTENSION ', sql) };
  const { kind } = id;
  return { kind: kind in createdAs ? createdAs[kind as keyof typeof createdAs] : 'create', id };
}

function altered(id: ObjectId, action: EngineAction, from: Schema, to: Schema): What {
  const column = [...action.consumes, ...action.releases].find(({ kind }) => kind === 'column');
  switch (id.kind) {
    case 'column':
      return { kind: alteredColumn(id, action.sql, from, to), id };
    case 'default':
      return { kind: 'set default', id: columnOf(id) };
    case 'sequence':
      return { kind: column === undefined ? 'alter sequence' : 'own sequence', id };
    case 'type':
      return column === undefined ? alteredEnum(id, action, to) : { kind: 'alter type', id: column, remade: id };
    default:
      return { kind: 'alter', id };
  }
}

/** The engine alters a column by one of these statements. */
function alteredColumn(id: ObjectId, sql: string, from: Schema, to: Schema) {
  const alter = `ALTER TABLE ${tableSql(id)} ALTER COLUMN ${quoteName(id.name ?? '')}`;
  const [before, after] = [from.get(id)?.is, to.get(id)?.is];
  const type = String(after?.['type']);
  const expression = to.get({ ...id, kind: 'default' })?.is['expr'];
  switch (sql) {
    case `${alter} TYPE ${type}`:
    case `${alter} TYPE ${type} USING ${quoteName(id.name ?? '')}::${type}`:
      return 'alter type';
    case `${alter} SET DEFAULT ${String(expression)}`:
      return 'set default';
    case `${alter} DROP DEFAULT`:
      return 'drop default';
    case `${alter} SET NOT NULL`:
      return 'set not null';
    case `${alter} DROP NOT NULL`:
      return 'drop not null';
    case `${alter} DROP IDENTITY`:
      return 'drop identity';
    default:
      return hasIdentity(after) && !hasIdentity(before) ? 'add identity' : 'alter';
  }
}

function hasIdentity(column: Readonly<Record<string, unknown>> | undefined): boolean {
  return (column?.['identity'] ?? undefined) !== undefined;
}

function alteredEnum(id: ObjectId, { sql, transactionality }: EngineAction, to: Schema): What {
  const alter = `ALTER TYPE ${sqlName(id)} `;
  if (transactionality === 'commitBoundaryAfter')
    return { kind: 'add enum value', id, clause: after(`${alter}ADD VALUE `, sql) };
  if (to.get(id)?.is['variant'] !== 'enum') return { kind: 'alter', id };
  const part = sql.startsWith(alter) ? 'rename' : sql.startsWith(`CREATE TYPE ${sqlName(id)} `) ? 'create' : 'drop';
  return { kind: 'replace enum', id, part };
}

function after(beginning: string, sql: string): string {
  return sql.startsWith(beginning) ? sql.slice(beginning.length) : sql;
}

function columnOf(fallback: ObjectId): ObjectId {
  return { ...fallback, kind: 'column' };
}
