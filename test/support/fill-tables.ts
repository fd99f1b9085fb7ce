import { quoteName } from '../../src/sql/index.js';
import type { Queryable } from './rows.js';

const columns = `SELECT c.oid::regclass::text AS table, a.attname AS name, format_type(a.atttypid, NULL) AS type, t.typtype AS kind,
    (SELECT enumlabel FROM pg_enum WHERE enumtypid = a.atttypid ORDER BY enumsortorder LIMIT 1) AS label,
    a.attidentity = 'a' OR a.attgenerated <> '' AS automatic
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  ORDER BY c.oid, a.attnum`;

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  readonly label: string | null;
  readonly automatic: boolean;
}

/** Puts rows into every table that takes them; row 7 of one table refers to row 7 of another. Returns how many rows there are. */
export async function fillTables(database: Queryable, count: number): Promise<number> {
  const tables = await columnsByTable(database);
  let rows = 0;
  for (const [table, found] of tables) {
    const given = found.filter(({ automatic }) => !automatic);
    const names = given.map(({ name }) => quoteName(name)).join(', ');
    const from = `FROM generate_series(1, ${count}) g`;
    const insert =
      given.length === 0
        ? `INSERT INTO ${table} DEFAULT VALUES`
        : `INSERT INTO ${table} (${names}) SELECT ${given.map(valueOf).join(', ')} ${from} ON CONFLICT DO NOTHING`;
    // A check that such values do not pass, or a partition that is not there: then it stays empty.
    await database.query(insert).catch(() => undefined);
    rows += Number((await database.query(`SELECT count(*)::int AS n FROM ${table}`))[0]?.['n']);
  }
  return rows;
}

/** Independent of the order of rows and columns. */
export async function sumsOfColumns(database: Queryable): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>();
  for (const [table, found] of await columnsByTable(database)) {
    const list = found.map(({ name }, at) => `sum(hashtextextended(${quoteName(name)}::text, 0)) AS c${at}`).join(', ');
    const [row = {}] = await database.query(`SELECT count(*) AS n${list === '' ? '' : `, ${list}`} FROM ${table}`);
    found.forEach(({ name }, at) => sums.set(`${table}.${name}`, String(row[`c${at}`])));
    sums.set(table, String(row['n']));
  }
  return sums;
}

async function columnsByTable(database: Queryable): Promise<ReadonlyMap<string, readonly Column[]>> {
  const found = (await database.query(columns)) as unknown as readonly Column[];
  const names = [...new Set(found.map(({ table }) => table))];
  return new Map(names.map((name) => [name, found.filter(({ table }) => table === name)]));
}

function valueOf({ type, kind, label }: Column): string {
  if (kind === 'e') return `'${label ?? ''}'::${type}`;
  if (type.endsWith('[]')) return `'{}'::${type}`;
  switch (type) {
    case 'smallint':
      return '(g % 30000)::smallint';
    case 'boolean':
      return 'g % 2 = 0';
    case 'uuid':
      return 'md5(g::text)::uuid';
    case 'json':
    case 'jsonb':
      return `jsonb_build_object('n', g)::${type}`;
    case 'bytea':
      return `decode(md5(g::text), 'hex')`;
    case 'date':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return `(timestamp '2020-01-01' + g * interval '1 minute')::${type}`;
    case 'time without time zone':
    case 'interval':
      return `((g % 80000) * interval '1 second')::${type}`;
    default:
      return `g::text::${type}`;
  }
}
