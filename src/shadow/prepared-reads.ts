import { createHash } from 'node:crypto';
import { codeOf } from '../errors.js';
import type { SqlClient } from '../database/sql-client.js';
import { classify } from '../sql/index.js';

type Query = SqlClient['query'];

/** What `pg` also accepts: a query that the session prepares under this name the first time, and from then on only executes. */
interface NamedQuery {
  readonly name: string;
  readonly text: string;
}

type QueryOrNamed = Query & ((query: NamedQuery) => ReturnType<Query>);

/**
 * A connection that prepares each query without parameters. The catalog is always read with the same queries, and PostgreSQL needs a third of
 * the time to plan them. Only for a connection that keeps its session.
 */
export class PreparingClient implements SqlClient {
  readonly #named = new Map<string, NamedQuery | undefined>();
  readonly #query: QueryOrNamed;
  #generation = 0;

  constructor(client: SqlClient) {
    this.#query = client.query.bind(client) as QueryOrNamed;
  }

  readonly query: Query = (sql, parameters) => {
    if (parameters !== undefined) return this.#query(sql, parameters);
    if (!this.#named.has(sql)) this.#named.set(sql, this.#namedQuery(sql));
    const prepared = this.#named.get(sql);
    return prepared === undefined ? this.#query(sql) : this.#query(prepared);
  };

  /** Does some work, and does it again if what was prepared has been deallocated: `DISCARD ALL` does so, after an initial state for example. */
  async prepared<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== noSuchStatement) throw error;
      // `pg` remembers the names that it has prepared.
      this.#generation += 1;
      this.#named.clear();
      return work();
    }
  }

  #namedQuery(sql: string): NamedQuery | undefined {
    const [first, ...others] = classify(sql);
    if (!first?.onlyReads || others.length > 0) return undefined;
    const hash = createHash('sha256').update(sql).digest('hex').slice(0, 32);
    return { name: `nest_migrate_${this.#generation}_${hash}`, text: sql };
  }
}

const noSuchStatement = '26000';
