import type { Change } from '../schema/change.js';
import { relationOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import type { Rename } from './renames.js';

/** The objects of a change. */
export interface Named {
  readonly changes: readonly Change[];
  readonly renames: readonly Rename[];
  readonly from: Schema;
  readonly to: Schema;
}

const longest = 60;

/** `AddEmailToUsers`, `RenameUserNameToFullName`, `AddEditorToUserRole`: the name that the author of the change would choose. */
export function nameOf(named: Named): string {
  const all = [...new Set(phrasesOf(named))];
  const whole = all.join('And');
  if (whole !== '' && (all.length === 1 || whole.length <= longest)) return whole;
  const about = tablesOf(named);
  return about.length === 0 ? 'UpdateDatabase' : `Change${list(about)}`;
}

/** The most telling ones: what follows from another one has no words of its own. */
function phrasesOf(named: Named): readonly string[] {
  const { changes, renames, to } = named;
  const inTable = changes.map((change) => ({ change, table: tableOf(change.id, named) }));
  const are = (kind: Change['kind'], of: string): readonly ObjectId[] =>
    changes.filter((change) => change.kind === kind && change.id.kind === of).map(({ id }) => id);
  const [created, dropped] = [are('create table', 'table'), are('drop', 'table')];
  const whole = new Set([...created, ...dropped].map(({ name }) => name));
  const columns = (kind: Change['kind']): ReadonlyMap<string, readonly string[]> =>
    byTable(are(kind, 'column').filter((id) => !whole.has(id.table) && !isRenamed(id, renames)));
  const [added, gone] = [columns('add column'), columns('drop')];
  const told = new Set([
    ...whole,
    ...added.keys(),
    ...gone.keys(),
    ...renames.map(({ to: id }) => id.table ?? id.name),
  ]);
  const enums = changes.filter(({ kind }) => kind === 'add enum value');
  const others = inTable
    .filter(({ table }) => !told.has(table))
    .flatMap(({ change, table = '' }) => other(change, table, to));
  return [
    ...renames.map(renamed),
    ...(created.length > 0 ? [`Create${list(names(created))}`] : []),
    ...[...added].map(([table, all]) => `Add${list(all)}To${pascal(table)}`),
    ...[...byType(enums, named)].map(([type, all]) => `Add${list(all)}To${typeName(type, to)}`),
    ...[...gone].map(([table, all]) => `Drop${list(all)}From${pascal(table)}`),
    ...(dropped.length > 0 ? [`Drop${list(names(dropped))}`] : []),
    ...views(changes),
    ...others,
  ];
}

/** A column renamed online is added under its new name, and dropped under its old one. */
function isRenamed(id: ObjectId, renames: readonly Rename[]): boolean {
  return renames.some(({ from, to }) => [from, to].some((one) => one.name === id.name && one.table === id.table));
}

function renamed({ from, to }: Rename): string {
  const [old, now] = [pascal(from.name ?? ''), pascal(to.name ?? '')];
  return to.kind === 'column' ? `Rename${singular(to.table ?? '')}${old}To${now}` : `Rename${old}To${now}`;
}

const constraints: Readonly<Record<string, string>> = {
  f: 'ForeignKey',
  u: 'Unique',
  c: 'Check',
  p: 'PrimaryKey',
  x: 'Exclusion',
};

type Phrase = (id: ObjectId, table: string, to: Schema) => string;

const columnOf = (id: ObjectId, table: string): string => singular(table) + pascal(id.name ?? '');

/** What happens to a table whose columns stay as they are called; other kinds have no words of their own. */
const phrases: Partial<Record<Change['kind'], Phrase>> = {
  'alter type': (id, table) => `Change${columnOf(id, table)}Type`,
  'set not null': (id, table) => `Make${columnOf(id, table)}Required`,
  'drop not null': (id, table) => `Make${columnOf(id, table)}Optional`,
  'set default': (id, table) => `Set${columnOf(id, table)}Default`,
  'drop default': (id, table) => `Drop${columnOf(id, table)}Default`,
  'create index': (_id, table) => `AddIndexTo${pascal(table)}`,
  'add constraint': (id, table, to) =>
    `Add${constraints[String(to.get(id)?.is['type'])] ?? 'Constraint'}To${pascal(table)}`,
  'replace enum': (id, _table, to) => `Change${typeName(id.name ?? '', to)}`,
  'create extension': (id) => `CreateExtension${pascal(id.name ?? '')}`,
  'create schema': (id) => `CreateSchema${pascal(id.name ?? '')}`,
};

function other({ kind, id }: Change, table: string, to: Schema): readonly string[] {
  if (kind === 'drop' && id.kind === 'index') return [`DropIndexFrom${pascal(table)}`];
  if (kind === 'drop' && id.kind === 'constraint') return [`DropConstraintFrom${pascal(table)}`];
  const phrase = phrases[kind];
  return phrase === undefined ? [] : [phrase(id, table, to)];
}

/** An object that is dropped and recreated counts as changed. */
function views(changes: readonly Change[]): readonly string[] {
  const isView = ({ kind }: ObjectId): boolean => kind === 'view' || kind === 'materializedView';
  const [created, dropped] = [
    names(changes.flatMap(({ creates }) => creates.filter(isView))),
    names(changes.flatMap(({ drops }) => drops.filter(isView))),
  ];
  const sorted = (verb: string, all: readonly string[]): readonly string[] =>
    all.length > 0 ? [verb + list(all)] : [];
  return [
    ...sorted(
      'Create',
      created.filter((name) => !dropped.includes(name)),
    ),
    ...sorted(
      'Drop',
      dropped.filter((name) => !created.includes(name)),
    ),
    ...sorted(
      'Change',
      created.filter((name) => dropped.includes(name)),
    ),
  ];
}

function tableOf(id: ObjectId, { from, to }: Named): string | undefined {
  const parent = (to.get(id) ?? from.get(id))?.parent;
  const relation = relationOf(id);
  if (relation.kind === 'table') return relation.name;
  return parent?.kind === 'table' ? parent.name : undefined;
}

function tablesOf(named: Named): readonly string[] {
  const tables = named.changes.flatMap(({ id }) => tableOf(id, named) ?? []);
  const renamedTables = named.renames.flatMap(({ to }) => to.table ?? to.name ?? []);
  return distinct(
    tables.length + renamedTables.length > 0 ? [...renamedTables, ...tables] : named.changes.map(({ id }) => id.name),
  );
}

function byTable(columns: readonly ObjectId[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { table = '', name = '' } of columns) found.set(table, [...(found.get(table) ?? []), name]);
  return found;
}

/** The new values of enums. */
function byType(changes: readonly Change[], { from, to }: Named): ReadonlyMap<string, readonly string[]> {
  const valuesOf = (id: ObjectId, schema: Schema): readonly string[] =>
    (schema.get(id)?.is['values'] ?? []) as readonly string[];
  return new Map(
    changes.map(({ id }) => {
      const before = valuesOf(id, from);
      return [id.name ?? '', valuesOf(id, to).filter((value) => !before.includes(value))];
    }),
  );
}

/** `users_role_enum`, as TypeORM calls the type of `users.role`: UserRole. */
function typeName(type: string, schema: Schema): string {
  const plain = type.replace(/_enum$/, '');
  const tables = schema.objects.filter(({ id }) => id.kind === 'table').map(({ id }) => id.name ?? '');
  const table = tables.find((name) => plain.startsWith(`${name}_`));
  return table === undefined ? pascal(plain) : singular(table) + pascal(plain.slice(table.length + 1));
}

/** One row of a table, by the plurals of English that tables have. */
function singular(table: string): string {
  const name = pascal(table);
  if (/ies$/i.test(name)) return name.replace(/ies$/i, 'y');
  if (/(?:s|x|z|ch|sh)es$/i.test(name)) return name.replace(/es$/i, '');
  return /[^s]s$/i.test(name) ? name.slice(0, -1) : name;
}

function names(found: readonly ObjectId[]): readonly string[] {
  return found.map(({ name }) => name ?? '');
}

function list(all: readonly string[]): string {
  const words = distinct(all).map(pascal);
  if (words.length > 3) return `${words.slice(0, 2).join('')}And${words.length - 2}More`;
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join('')}And${words.at(-1) ?? ''}`;
}

function pascal(text: string): string {
  const words = text.normalize('NFC').split(/[^\p{L}\p{N}]+/u);
  const joined = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  return /^\p{L}/u.test(joined) ? joined : `X${joined}`;
}

function distinct(all: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(all.filter((one) => one !== undefined))];
}
