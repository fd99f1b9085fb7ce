import { MigrateError, isMigrateError } from '../errors.js';
import { cancelled, pause } from '../database/cancel.js';
import { isConnectionLost, withReader } from '../database/client.js';
import { connectionLost } from '../database/retry.js';
import { tellProgressEveryMs } from '../events.js';
import type { SqlClient } from '../database/sql-client.js';
import { refuseStaleBuild } from './built.js';
import type { CommandContext } from './context.js';
import { list, survey } from './context.js';
import type { KnownMigration, MigrationList } from '../files/migration.js';
import { refuseNoMigrations } from './no-migrations.js';
import { isDeferred } from './phases.js';
import type { WaitOptions, WaitResult } from './types.js';

const pollMs = 500;

/** Waits until the server answers, or also until another process has run everything that is pending. Changes nothing. */
export async function wait(options: WaitOptions, context: CommandContext): Promise<WaitResult> {
  const started = performance.now();
  const left = (): number => (options.timeoutMs ? started + options.timeoutMs - performance.now() : Infinity);
  const found = options.until === 'migrated' ? await list(context) : undefined;
  let told = -Infinity;
  for (let attempt = 1; ; attempt++) {
    const outcome = await look(found, left(), context);
    const now = performance.now();
    if (outcome.reached) return { waitedMs: Math.round(performance.now() - started), pending: [] };
    if (context.signal.aborted) throw cancelled(context.signal, 'Nothing was changed.');
    if (left() <= 0) throw tooLong(started, outcome.reason, outcome.error);
    const retryInMs = Math.min(pollMs, left());
    if (outcome.error)
      context.onEvent({
        type: 'connecting',
        attempt,
        reason: outcome.reason,
        retryInMs,
        ...(Number.isFinite(left()) && { leftMs: left() }),
      });
    else if (now - told >= tellProgressEveryMs) {
      told = now;
      context.onEvent({
        type: 'waiting-for-migrations',
        pending: outcome.pending,
        waitedMs: Math.round(now - started),
      });
    }
    await pause(retryInMs, context.signal);
  }
}

type Outcome =
  | { readonly reached: true }
  | {
      readonly reached: false;
      readonly reason: string;
      readonly pending: readonly string[];
      readonly error?: MigrateError;
    };

/** A single attempt. The caller decides how long to repeat it. */
async function look(found: MigrationList | undefined, leftMs: number, context: CommandContext): Promise<Outcome> {
  const { settings } = context;
  const once = {
    ...context,
    // A lock on the ledger is waited for as long as everything else.
    settings: { ...settings, connect: { ...settings.connect, timeoutMs: 0 }, waitForOthersMs: 0, retryForMs: leftMs },
  };
  try {
    return await withReader(once, async (client) => {
      if (found === undefined) await client.query('SELECT 1');
      const inOrder = found === undefined ? [] : await inTheWay(client, found, context);
      const pending = inOrder.map(({ name }) => name);
      return pending.length === 0
        ? { reached: true }
        : { reached: false, reason: `still pending: ${pending.join(', ')}`, pending };
    });
  } catch (error) {
    if (isMigrateError(error) && (error.code === 'CONNECTION_FAILED' || error.code === 'LOCK_NOT_ACQUIRED'))
      return { reached: false, reason: error.message, pending: [], error };
    if (!isConnectionLost(error)) throw error;
    const lost = connectionLost(error, context, 'Nothing was changed.');
    return { reached: false, reason: lost.message, pending: [], error: lost };
  }
}

/** Migrations that are deferred to the next deploy are not awaited in this one. */
async function inTheWay(
  client: SqlClient,
  found: MigrationList,
  context: CommandContext,
): Promise<readonly KnownMigration[]> {
  const now = await survey(client, found, context);
  refuseStaleBuild(found, now);
  refuseNoMigrations(found, now, context);
  return now.pending.filter((migration) => !isDeferred(migration, now));
}

function tooLong(started: number, what: string, cause: unknown): MigrateError {
  const blocked = isMigrateError(cause) && cause.code === 'LOCK_NOT_ACQUIRED' ? `${cause.next}\n` : '';
  return new MigrateError({
    code: 'WAIT_TIMEOUT',
    message: `Gave up after ${Math.round((performance.now() - started) / 1000)} s: ${what}`,
    next: `${blocked}Look at the job that should migrate (its log, \`nest-migrate status\`), or wait longer: --timeout 10min; in an app: waitTimeout: '10min'`,
    cause,
  });
}
