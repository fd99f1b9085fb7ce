import { EventEmitter } from 'node:events';
import pg from 'pg';
import { commandOf } from '../sql/index.js';

/** Information that the stub needs. */
interface Stubbed {
  /** The current schema. */
  readonly schema: string;
  /** The available extensions. */
  readonly extensions: readonly string[];
  /** Receives each statement that installs one. */
  readonly onExtension: (sql: string) => void;
}

/** What an empty database answers: who it is, and that nothing is there. */
const answers = (schema: string): readonly (readonly [RegExp, Readonly<Record<string, unknown>>])[] => [
  [/version\(\)/i, { version: 'PostgreSQL 18.0' }],
  [/\bserver_version\b/i, { server_version: '18.0' }],
  [/current_database\(\)/i, { current_database: 'shadow' }],
  [/current_schema\(\)/i, { current_schema: schema }],
];

function clientOf({ schema, extensions, onExtension }: Stubbed): new () => EventEmitter {
  const known = answers(schema);
  return class StubClient extends EventEmitter {
    /** TypeORM uses a callback in one place, and await in another. */
    query(sql: string, ...more: readonly unknown[]): Promise<object> {
      if (commandOf(sql).command === 'CREATE EXTENSION') onExtension(sql);
      const rows = sql.includes('pg_available_extensions') ? extensions.map((name) => ({ name })) : this.#one(sql);
      const answer = { command: 'SELECT', rowCount: rows.length, rows };
      const done = more.at(-1);
      if (typeof done === 'function') (done as Answered)(undefined, answer);
      return Promise.resolve(answer);
    }

    #one(sql: string): readonly object[] {
      const found = known.find(([pattern]) => pattern.test(sql));
      return found && !/information_schema|pg_catalog|pg_class/i.test(sql) ? [found[1]] : [];
    }
  };
}

type Answered = (error: undefined, answer: object) => void;
type Connected = (error: undefined, client: EventEmitter, release: () => void) => void;

/**
 * `pg` without a server, for TypeORM's schema builder: on an empty database it asks much and always learns that nothing is there. What it
 * then writes is executed on a real one.
 */
export function stubDriver(stubbed: Stubbed): object {
  const Client = clientOf(stubbed);
  class StubPool extends EventEmitter {
    connect(done: Connected): void {
      done(undefined, new Client(), () => undefined);
    }

    end(done: () => void): void {
      done();
    }
  }
  return Object.create(pg, Object.getOwnPropertyDescriptors({ Pool: StubPool, Client, native: undefined })) as object;
}
