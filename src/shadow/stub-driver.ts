import { EventEmitter } from 'node:events';
import pg from 'pg';

/** What an empty database answers: who it is, and that nothing is there. */
const answers: readonly (readonly [RegExp, Readonly<Record<string, unknown>>])[] = [
  [/version\(\)/i, { version: 'PostgreSQL 18.0' }],
  [/\bserver_version\b/i, { server_version: '18.0' }],
  [/current_database\(\)/i, { current_database: 'shadow' }],
  [/current_schema\(\)/i, { current_schema: 'public' }],
];

class StubClient extends EventEmitter {
  query(sql: string): Promise<object> {
    const found = answers.find(([pattern]) => pattern.test(sql));
    const rows = found && !/information_schema|pg_catalog|pg_class/i.test(sql) ? [found[1]] : [];
    return Promise.resolve({ command: 'SELECT', rowCount: rows.length, rows });
  }
}

type Connected = (error: undefined, client: StubClient, release: () => void) => void;

class StubPool extends EventEmitter {
  connect(done: Connected): void {
    done(undefined, new StubClient(), () => undefined);
  }

  end(done: () => void): void {
    done();
  }
}

/**
 * `pg` without a server, for TypeORM's schema builder: on an empty database it asks much and always learns that nothing is there. What it
 * then writes is executed on a real one.
 */
export function stubDriver(): object {
  return Object.create(
    pg,
    Object.getOwnPropertyDescriptors({ Pool: StubPool, Client: StubClient, native: undefined }),
  ) as object;
}
