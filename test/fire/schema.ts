import { ask } from './place.js';

/** Everything that migrations leave, one line each. The order of columns is not part of it: what is reverted and run again comes last. */
const parts: readonly string[] = [
  `SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE c.relkind IN ('r', 'v', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = 'public'::regnamespace`,
  `SELECT format('constraint %s %s %s', conrelid::regclass, pg_get_constraintdef(oid), convalidated) FROM pg_constraint
   WHERE connamespace = 'public'::regnamespace`,
  `SELECT format('index %s %s %s', pg_get_indexdef(indexrelid), indisvalid, indisready) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
   WHERE c.relnamespace = 'public'::regnamespace`,
  `SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t WHERE NOT tgisinternal`,
  `SELECT format('function %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
  `SELECT format('type %s', typname) FROM pg_type WHERE typtype IN ('e', 'd') AND typnamespace = 'public'::regnamespace`,
  `SELECT format('relation %s %s', relkind, relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 't'`,
];

export async function schemaOf(url: string): Promise<readonly string[]> {
  const rows = await ask(url, `SELECT line FROM (${parts.join(' UNION ALL ')}) AS lines (line) ORDER BY 1`);
  return rows.map(({ line }) => String(line));
}

/** What only one of the two has. */
export function differences(found: readonly string[], expected: readonly string[]): readonly string[] {
  return [
    ...found.filter((line) => !expected.includes(line)).map((line) => `more: ${line}`),
    ...expected.filter((line) => !found.includes(line)).map((line) => `missing: ${line}`),
  ];
}
