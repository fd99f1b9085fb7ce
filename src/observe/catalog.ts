import type { RangeVar } from 'nest-migrate-dev/libpg-query';
import { ask } from './ask.js';
import type { ObservedClient } from './ask.js';
import { nodeOf, textsOf } from './parser.js';
import type { Tree } from './parser.js';
import { relationKind } from './relation.js';
import type { RelationKind } from './relation.js';
import { hasNoIdentity, publicationsOf } from './published.js';
import { classify, partitionTree, quoteName } from '../sql/index.js';

/** The state of a table before a statement. */
export interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** Whether the judged migrations created it. */
  readonly isNew: boolean;
  readonly isPartition: boolean;
  /** Whether it is a DEFAULT partition, which cannot be detached concurrently. */
  readonly isDefaultPartition: boolean;
  readonly columns: readonly ColumnFacts[];
  readonly constraints: readonly ConstraintFacts[];
  readonly indexes: readonly IndexFacts[];
  /** The partitions that hold the rows of a partitioned table, at any depth. */
  readonly partitions: readonly { readonly schema: string; readonly name: string }[];
  /** The publications that include it, by its name, by its schema, or through its partitions or its partitioned table. */
  readonly published: readonly PublicationFacts[];
  /** Whether the table, or one of its partitions, has no replica identity. */
  readonly hasNoIdentity: boolean;
  /** Without it, policies and FORCE ROW LEVEL SECURITY have no effect. */
  readonly rowSecurity: boolean;
  /** The row level security policies. */
  readonly policies: readonly string[];
  /** Foreign keys of other tables that refer to it. */
  readonly referredBy: readonly {
    readonly schema: string;
    readonly name: string;
    readonly constraint: string;
    readonly columns: readonly string[];
  }[];
  /** For a sequence: the columns whose default uses it. */
  readonly feeds: readonly { readonly table: string; readonly column: string }[];
}

export interface PublicationFacts {
  readonly name: string;
  readonly updates: boolean;
  readonly deletes: boolean;
  /** The column list, if the publication has one. */
  readonly columns: readonly string[] | null;
  /** The row filter. */
  readonly filter: string | null;
}

export interface ColumnFacts {
  /** The number of the column, which a rename does not change. */
  readonly number: number;
  readonly name: string;
  /** As `format_type` returns it: `character varying(50)`. */
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly identity: boolean;
  readonly generated: boolean;
  /** The expression of a generated column. */
  readonly expression: string | null;
  /** If its type is a domain: the base type, and whether the domain has constraints to check for each value. */
  readonly domain: { readonly type: string; readonly checked: boolean } | null;
  /** The labels, if its type is an enum. */
  readonly enum: readonly string[] | null;
}

export interface ConstraintFacts {
  readonly name: string;
  readonly type: 'check' | 'foreign key' | 'primary key' | 'unique' | 'exclusion' | 'not null' | 'other';
  readonly definition: string;
  readonly validated: boolean;
  readonly columns: readonly string[];
  /** For a foreign key: the referenced table. */
  readonly refersTo: { readonly schema: string; readonly name: string } | null;
  readonly refersToColumns: readonly string[];
}

export interface IndexFacts {
  readonly name: string;
  readonly definition: string;
  readonly method: string;
  readonly valid: boolean;
  readonly unique: boolean;
  readonly primary: boolean;
  /** The key columns in order; an expression is an empty string. */
  readonly columns: readonly string[];
  /** The key in SQL, including expressions. */
  readonly keys: readonly string[];
  readonly predicate: string | null;
  /** Whether it belongs to a constraint. */
  readonly ofConstraint: boolean;
}

/** Objects whose name includes their table. */
const partsOfTables = new Set(['OBJECT_TRIGGER', 'OBJECT_POLICY', 'OBJECT_RULE']);

/** The tables whose rows a DO block may change, quoted for SQL. */
export function namesInBlock(sql: string): readonly string[] {
  return classify(sql).flatMap(({ blockWrites }) => blockWrites.map(({ table }) => table.map(quoteName).join('.')));
}

/** The tables that a statement names directly or through their indexes, quoted for SQL. */
export function namesIn(tree: Tree): readonly string[] {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    if (isRangeVar(node)) names.add(nameOf(node));
    Object.values(node).forEach(visit);
  };
  visit(tree);
  const drop = nodeOf(tree, 'DropStmt');
  for (const object of drop?.objects ?? []) {
    const parts = textsOf(nodeOf(object, 'List')?.items);
    // For a trigger, a policy or a rule, the table comes before its name.
    const ofTable = partsOfTables.has(drop?.removeType ?? '') ? parts.slice(0, -1) : parts;
    // Drops a database name before the schema, which can only be the current database.
    if (ofTable.length > 0) names.add(ofTable.slice(-2).map(quoteName).join('.'));
  }
  return [...names];
}

function isRangeVar(node: object): node is RangeVar {
  return typeof (node as RangeVar).relname === 'string';
}

export function nameOf({ schemaname, relname = '' }: RangeVar): string {
  return schemaname ? `${quoteName(schemaname)}.${quoteName(relname)}` : quoteName(relname);
}

/** The current state of the tables with these names, by the requested name. */
export async function readTables(
  client: ObservedClient,
  names: readonly string[],
  boundary: number,
): Promise<ReadonlyMap<string, TableFacts>> {
  const found = new Map<string, TableFacts>();
  for (const name of names) {
    const [row] = await ask(client, tableSql, [name]);
    if (row) found.set(name, factsOf(row['facts'] as RawFacts, boundary));
  }
  return found;
}

interface RawFacts extends Omit<TableFacts, 'kind' | 'isNew' | 'constraints'> {
  readonly kind: string;
  readonly constraints: readonly (Omit<ConstraintFacts, 'type'> & { readonly type: string })[];
}

const constraintTypes: Readonly<Record<string, ConstraintFacts['type']>> = {
  c: 'check',
  f: 'foreign key',
  p: 'primary key',
  u: 'unique',
  x: 'exclusion',
  n: 'not null',
};

function factsOf(raw: RawFacts, boundary: number): TableFacts {
  return {
    ...raw,
    kind: relationKind(raw.kind),
    isNew: raw.oid > boundary,
    constraints: raw.constraints.map((one) => ({ ...one, type: constraintTypes[one.type] ?? 'other' })),
  };
}

const columnNames = (table: string, keys: string): string =>
  `coalesce((SELECT json_agg(coalesce(a.attname, '') ORDER BY u.place) FROM unnest(${keys}) WITH ORDINALITY u(num, place)
    LEFT JOIN pg_attribute a ON a.attrelid = ${table} AND a.attnum = u.num), '[]')`;

const tableSql = `
SELECT json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'isPartition', c.relispartition,
  'isDefaultPartition', EXISTS (SELECT FROM pg_partitioned_table whole WHERE whole.partdefid = c.oid),
  'columns', coalesce((SELECT json_agg(json_build_object(
      'number', a.attnum, 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      'identity', a.attidentity <> '', 'generated', a.attgenerated <> '',
      'expression', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      'domain', (SELECT json_build_object('type', format_type(y.typbasetype, y.typtypmod),
        'checked', EXISTS (SELECT FROM pg_constraint dk WHERE dk.contypid = y.oid)) FROM pg_type y WHERE y.oid = a.atttypid AND y.typtype = 'd'),
      'enum', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid)
    ) ORDER BY a.attnum) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'constraints', coalesce((SELECT json_agg(json_build_object(
      'name', k.conname, 'type', k.contype, 'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated,
      'columns', ${columnNames('k.conrelid', 'k.conkey')},
      'refersTo', (SELECT json_build_object('schema', rn.nspname, 'name', r.relname) FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = k.confrelid),
      'refersToColumns', ${columnNames('k.confrelid', 'k.confkey')}
    ) ORDER BY k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid), '[]'),
  'indexes', coalesce((SELECT json_agg(json_build_object(
      'name', x.relname, 'definition', pg_get_indexdef(i.indexrelid), 'method', m.amname, 'valid', i.indisvalid,
      'unique', i.indisunique, 'primary', i.indisprimary,
      'columns', ${columnNames('i.indrelid', '(i.indkey::int2[])[0:i.indnkeyatts - 1]')},
      'keys', (SELECT json_agg(pg_get_indexdef(i.indexrelid, k, true) ORDER BY k) FROM generate_series(1, i.indnkeyatts) k),
      'predicate', pg_get_expr(i.indpred, i.indrelid),
      'ofConstraint', EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.conrelid = i.indrelid)
    ) ORDER BY x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
    WHERE i.indrelid = c.oid), '[]'),
  'partitions', coalesce((SELECT json_agg(json_build_object('schema', pn.nspname, 'name', p.relname) ORDER BY p.relname)
    FROM (${partitionTree('c.oid')}) h JOIN pg_class p ON p.oid = h.relid JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE p.relkind <> 'p'), '[]'),
  'published', coalesce(${publicationsOf('c.oid')}, '[]'), 'hasNoIdentity', ${hasNoIdentity('c')},
  'rowSecurity', c.relrowsecurity,
  'policies', coalesce((SELECT json_agg(p.polname ORDER BY p.polname) FROM pg_policy p WHERE p.polrelid = c.oid), '[]'),
  'referredBy', coalesce((SELECT json_agg(json_build_object('schema', fn.nspname, 'name', f.relname, 'constraint', k.conname,
      'columns', ${columnNames('k.confrelid', 'k.confkey')}) ORDER BY k.conname)
    FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.confrelid = c.oid AND k.contype = 'f'), '[]'),
  'feeds', coalesce((SELECT json_agg(json_build_object('table', fn.nspname || '.' || f.relname, 'column', a.attname) ORDER BY f.relname, a.attname)
    FROM pg_depend o JOIN pg_attrdef d ON d.oid = o.objid JOIN pg_class f ON f.oid = d.adrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE c.relkind = 'S' AND o.classid = 'pg_attrdef'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = c.oid), '[]')
) AS facts
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($1)), to_regclass($1)) AND c.oid >= 16384`;
