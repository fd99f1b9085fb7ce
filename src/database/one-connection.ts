import type { DataSource, QueryRunner } from 'typeorm';
import { MigrateError } from '../errors.js';
import { classify } from '../sql/index.js';
import { withOwn } from '../typeorm/own-methods.js';
import type { Query } from '../typeorm/query-runner.js';
import { faceOf, hasOwnTransaction } from '../typeorm/shared-query-runner.js';
import { Within } from '../within.js';
import type { SqlClient } from './sql-client.js';

const lent = new Within<QueryRunner>();
const apart = new Within<boolean>();

/** Whether the statement is one that a real run would send on another connection, and commit there. */
export function isApart(): boolean {
  return apart.current === true;
}

interface Wire {
  query: (...given: readonly unknown[]) => unknown;
}

/**
 * While the work runs, everything that is sent on this connection, even without TypeORM, is one statement per message, and none of them
 * ends the transaction. The extended protocol ensures the former: the server refuses a message with several statements.
 */
export async function keepInTransaction<T>(client: SqlClient, work: () => Promise<T>): Promise<T> {
  const wire = client as unknown as Wire;
  const send = wire.query.bind(wire);
  const query: Wire['query'] = (message, ...more) => {
    const text = textOf(message);
    if (classify(text ?? '').some(({ opens, closes, command }) => opens || closes || command.endsWith(' PREPARED')))
      return Promise.reject(refused(text ?? ''));
    return send(inOneStatement(message, text), ...more);
  };
  return withOwn(wire, { query }, work);
}

function textOf(message: unknown): string | undefined {
  const text = typeof message === 'string' ? message : (message as { readonly text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : undefined;
}

function inOneStatement(message: unknown, text: string | undefined): unknown {
  if (typeof message === 'string') return { text, queryMode: 'extended' };
  // A cursor or a COPY sends itself in its own way.
  if (typeof message !== 'object' || message === null || 'submit' in message) return message;
  return { ...message, queryMode: 'extended' };
}

/**
 * While the work runs, its queries through the data source (`queryRunner.connection.query`, its entity manager) use this query runner
 * instead of a separate connection, on which they would be committed. This applies only to queries of the work itself, because an app may
 * be serving requests at the same time.
 */
export async function withOneConnection<T>(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  work: () => Promise<T>,
): Promise<T> {
  const create = dataSource.createQueryRunner.bind(dataSource);
  const createQueryRunner: DataSource['createQueryRunner'] = (mode) =>
    lent.current === queryRunner ? lending(queryRunner) : create(mode);
  return withOwn(dataSource, { createQueryRunner }, () => lent.run(queryRunner, work));
}

function lending(whole: QueryRunner): QueryRunner {
  const face = faceOf(whole, (sql, ...given) =>
    apart.run(!hasOwnTransaction(face, whole), () => (whole.query as Query).call(whole, sql, ...given)),
  );
  return face;
}

function refused(text: string): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `A migration sent a statement that begins or ends a transaction without its query runner, which a dry run does not allow: ${text.trim().slice(0, 200)}\nEverything was rolled back, the database is as it was.`,
    next: 'Send it with queryRunner.query(), or see the SQL of this migration in its file.',
  });
}
