import type { Session } from './settle.js';

interface Pool {
  connect(): Promise<unknown>;
}

/**
 * PostgreSQL numbers its own objects below, and those of users from here on. The cast keeps a server without statistics from expecting a single
 * row, and from searching all rows again for each.
 */
const isOfUsers = `d.objid::int8 >= 16384 AND (d.refobjid::int8 >= 16384 OR d.refclassid = 'pg_namespace'::regclass)`;
const isDependency = `WHERE d.deptype IN ('n', 'a')`;
/** The catalogs of which each row is described as JSON before it is known whether anything depends on it. */
const described = [
  { table: 'pg_class', alias: 'rc' },
  { table: 'pg_class', alias: 'cc' },
  { table: 'pg_proc', alias: 'pp' },
  { table: 'pg_type', alias: 'tt' },
  { table: 'pg_attribute', alias: 'att', oid: 'attrelid', of: 'pg_class' },
  { table: 'pg_rewrite', alias: 'r' },
];
const withoutJit = `SELECT set_config('jit', 'off', true)`;

/**
 * Lightens two queries of the engine. Its query for dependencies describes all functions and columns of PostgreSQL itself, which takes two
 * thirds of the time of reading a small database. And it spares only superusers the compilation of its queries, which takes longer than
 * executing them.
 */
export function withLighterQueries(pool: Pool): Pool {
  return {
    connect: async () => {
      const client = (await pool.connect()) as Session & { release(): void };
      return { query: (sql: string) => client.query(lighter(sql)), release: () => client.release() };
    },
  };
}

/** The same text if the engine's query is another one. */
export function lighter(sql: string): string {
  if (sql.startsWith(withoutJit)) return 'SET LOCAL jit = off';
  if (!sql.includes(isDependency)) return sql;
  const ours = described.reduce(onlyInvolved, sql.replace(isDependency, `${isDependency} AND ${isOfUsers}`));
  // Otherwise, the order would depend on how the server has planned the query.
  return `${ours} ORDER BY dep.classid, dep.objid, dep.objsubid, dep.refclassid, dep.refobjid, dep.refobjsubid`;
}

function onlyInvolved(sql: string, { table, alias, oid = 'oid', of = table }: (typeof described)[number]): string {
  const involved = `SELECT objid FROM endpoints WHERE classid = '${of}'::regclass`;
  return sql.replace(`FROM ${table} ${alias}`, `FROM (SELECT * FROM ${table} WHERE ${oid} IN (${involved})) ${alias}`);
}
