import { createHash } from 'node:crypto';
import type { SqlClient } from '../database/sql-client.js';
import { classify } from '../sql/index.js';

type Query = SqlClient['query'];

/** What `pg` also accepts: a query that the session prepares under this name the first time, and from then on only executes. */
interface NamedQuery {
  readonly name: string;
  readonly text: string;
}

/**
 * A connection that prepares each query without parameters. The catalog is always read with the same queries, and PostgreSQL needs a third of
 * the time to plan them. Only for a connection that keeps its session and its prepared statements.
 */
export function preparing(client: SqlClient): SqlClient {
  const named = new Map<string, NamedQuery | undefined>();
  const query = client.query.bind(client) as Query & ((query: NamedQuery) => ReturnType<Query>);
  return {
    query: (sql, parameters) => {
      if (!named.has(sql)) named.set(sql, namedQuery(sql));
      const prepared = parameters === undefined ? named.get(sql) : undefined;
      return prepared === undefined ? query(sql, parameters) : query(prepared);
    },
  };
}

function namedQuery(sql: string): NamedQuery | undefined {
  const [first, ...others] = classify(sql);
  if (!first?.onlyReads || others.length > 0) return undefined;
  return { name: `nest_migrate_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`, text: sql };
}
