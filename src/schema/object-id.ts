import { quoteName } from '../sql/index.js';

/** The identity of a database object, such as a table, a column or an index. Each kind has the fields that identify it. */
export interface ObjectId {
  readonly kind: string;
  readonly schema?: string;
  /** The table of a column, constraint, trigger, policy, default. */
  readonly table?: string;
  readonly name?: string;
  /** The argument types of a function. */
  readonly args?: readonly string[];
  /** The object of a comment. */
  readonly target?: ObjectId;
  /** The composite type of an attribute. */
  readonly type?: string;
  /** Of what is published. */
  readonly publication?: string;
}

const keys = new WeakMap<ObjectId, string>();

/** A unique key for an object. Cached, because it is requested very often for the same thousands of objects. */
export function keyOf(id: ObjectId): string {
  const known = keys.get(id);
  if (known !== undefined) return known;
  const key = makeKey(id);
  keys.set(id, key);
  return key;
}

function makeKey(id: ObjectId): string {
  const { kind, schema = '', table = '', name = '', args = [], target, type, publication } = id;
  const more = [type, publication].filter((part) => part !== undefined);
  return JSON.stringify([kind, schema, table, name, ...args, ...(target ? [keyOf(target)] : []), ...more]);
}

/** The table or view that an object belongs to, or the object itself. */
export function relationOf(id: ObjectId): ObjectId {
  if (id.target !== undefined) return relationOf(id.target);
  return id.table === undefined ? id : objectId('table', id.schema, id.table);
}

export function objectId(kind: string, schema: string | undefined, name: string, table?: string): ObjectId {
  return { kind, ...(schema !== undefined && { schema }), ...(table !== undefined && { table }), name };
}

const kindNames: Readonly<Record<string, string>> = {
  materializedView: 'materialized view',
  default: 'default of',
  type: 'type',
};

/** For messages: `column users.email`, `index billing.invoices_date`, without the schema public. */
export function describeObject(id: ObjectId): string {
  if (id.target !== undefined) return `${id.kind} on ${describeObject(id.target)}`;
  const schema = id.schema === undefined || id.schema === 'public' ? [] : [id.schema];
  const path = [...schema, ...(id.table === undefined ? [] : [id.table]), id.name ?? ''].join('.');
  return `${kindNames[id.kind] ?? id.kind} ${path}${id.args === undefined ? '' : `(${id.args.join(', ')})`}`;
}

/** For SQL: `"public"."users"`, or only the name of a column. */
export function sqlName(id: ObjectId): string {
  const name = quoteName(id.name ?? '');
  return id.schema === undefined || id.table !== undefined ? name : `${quoteName(id.schema)}.${name}`;
}

export function tableSql(id: ObjectId): string {
  return `${quoteName(id.schema ?? 'public')}.${quoteName(id.table ?? id.name ?? '')}`;
}

/** `users.email`, or `billing.users.email`. */
export function columnPath(id: ObjectId): string {
  const schema = id.schema === undefined || id.schema === 'public' ? '' : `${id.schema}.`;
  return `${schema}${id.table ?? ''}.${id.name ?? ''}`;
}
