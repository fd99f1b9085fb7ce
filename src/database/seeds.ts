import { messageOf } from '../errors.js';
import type { LoadedSeed } from '../files/seed-files.js';
import type { Instantiate } from '../files/migration.js';
import { quoteLiteral } from '../sql/index.js';
import { abortable, cancelled } from './cancel.js';
import { isConnectionLost } from './client.js';
import { correctionOf, isLockFailure, migrationFailed } from './failure.js';
import type { NotGranted } from './failure.js';
import { withSession } from './session.js';
import type { Session, SessionContext } from './session.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';
import { raiseTimeouts, transactionSettings } from './transaction-settings.js';
import { Turns } from './turns.js';
import { untilGranted } from './until-granted.js';

interface SeedContext extends SessionContext {
  readonly tables: Tables;
  readonly instantiate: Instantiate;
  /** Services that share a ledger have separate seeds. */
  readonly service: { readonly name: string | undefined };
}

/** The seeds that have run. They have a separate table, because the log is read whenever an app starts, and would grow. */
export async function readSeeded(
  client: SqlClient,
  { tables, service }: Omit<SeedContext, 'lock'>,
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query(`SELECT to_regclass(${quoteLiteral(tables.seeds)}) IS NOT NULL AS exists`);
  if (rows[0]?.['exists'] !== true) return new Set();
  const seeded = await client.query(
    `SELECT name FROM ${tables.seeds} WHERE service = ${quoteLiteral(service.name ?? '')}`,
  );
  return new Set(seeded.rows.map(({ name }) => String(name)));
}

export async function createSeedsTable(client: SqlClient, { seeds }: Tables): Promise<void> {
  await client.query(`CREATE TABLE IF NOT EXISTS ${seeds} (
  "name" character varying NOT NULL,
  "service" character varying NOT NULL DEFAULT '',
  "run_at" timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  "duration_ms" integer NOT NULL,
  PRIMARY KEY ("service", "name")
)`);
}

/** Runs a seed in a transaction, and records it there if it runs only once. Returns how long it took. */
export async function applySeed(seed: LoadedSeed, context: SeedContext): Promise<number> {
  const state = 'Its changes were rolled back: the database is as it was before this seed.';
  const { durationMs } = await untilGranted(
    context,
    () => state,
    () => attempt(seed, context, state),
  );
  return durationMs;
}

async function attempt(
  seed: LoadedSeed,
  context: SeedContext,
  state: string,
): Promise<{ readonly durationMs: number } | NotGranted> {
  return withSession({ ...context, migration: () => seed.name }, async (session) => {
    try {
      await begin(session, context);
      const started = performance.now();
      const turns = new Turns(session.queryRunner);
      await abortable(context.signal, () => turns.during(() => seed.run(session.queryRunner, context.instantiate)));
      const durationMs = performance.now() - started;
      context.lock.assertHeld();
      if (seed.when === 'once') await session.client.query(recordSql(seed, durationMs, context));
      await session.unwatched(() => session.queryRunner.commitTransaction());
      return { durationMs };
    } catch (thrown) {
      const error = session.causeOf(thrown);
      const { sql, statement, blockers } = session.progress;
      await session.unwatched(() => session.queryRunner.rollbackTransaction()).catch(() => undefined);
      if (context.signal.aborted) throw cancelled(context.signal, state);
      if (isLockFailure(error)) return { migration: seed.name, sql, reason: messageOf(error), blockers, error };
      const isLost = isConnectionLost(error);
      throw migrationFailed(error, {
        what: 'Seed',
        migration: seed.name,
        direction: 'up',
        sql,
        statement,
        state: isLost ? 'The connection was lost, so it is not known whether it was committed.' : state,
        next: isLost
          ? 'Check the rows, then run `nest-migrate seed` again: seeds that are recorded as run are skipped.'
          : `${correctionOf(error, 'Correct the seed or the data')}, then run \`nest-migrate seed\` again.`,
      });
    }
  });
}

async function begin({ queryRunner, client, unwatched }: Session, { settings, lock }: SeedContext): Promise<void> {
  await unwatched(() => queryRunner.startTransaction());
  const fence = lock.fence === undefined ? '' : `; SELECT pg_advisory_xact_lock(${lock.fence.join(', ')})`;
  await client.query(
    `SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; SET LOCAL statement_timeout = ${settings.statementTimeoutMs}; ${transactionSettings(lock)}; ${raiseTimeouts}${fence}`,
  );
}

function recordSql({ name }: LoadedSeed, durationMs: number, { tables, service }: SeedContext): string {
  const duration = Math.round(durationMs);
  return `INSERT INTO ${tables.seeds} (name, service, duration_ms) VALUES (${quoteLiteral(name)}, ${quoteLiteral(service.name ?? '')}, ${duration})
    ON CONFLICT (service, name) DO UPDATE SET run_at = excluded.run_at, duration_ms = excluded.duration_ms`;
}
