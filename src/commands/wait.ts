import { MigrateError, isMigrateError } from '../errors.js';
import { cancelled, pause } from '../database/cancel.js';
import { withReader } from '../database/client.js';
import type { CommandContext } from './context.js';
import { list, survey } from './context.js';
import type { PendingMigration, WaitOptions, WaitResult } from './contract.js';

const pollMs = 500;
const forEver = 365 * 24 * 3_600_000;

/** Waits until the server answers, and if asked until somebody else has run everything that is pending. Changes nothing. */
export async function wait(options: WaitOptions, context: CommandContext): Promise<WaitResult> {
  const started = Date.now();
  const deadline = started + (options.timeoutMs || forEver);
  const found = options.until === 'migrated' ? await list(context) : undefined;
  let pending: readonly PendingMigration[] = [];
  for (;;) {
    const left = Math.max(0, deadline - Date.now());
    const patient = { ...context, settings: { ...context.settings, connect: { ...context.settings.connect, timeoutMs: left } } };
    try {
      pending = await withReader(patient, async (client) => {
        if (found !== undefined) return (await survey(client, found, context)).pending.map(({ name, timestamp }) => ({ name, timestamp }));
        await client.query('SELECT 1');
        return [];
      });
      if (pending.length === 0) return { waitedMs: Date.now() - started, pending };
    } catch (error) {
      if (isMigrateError(error) && error.code === 'CONNECTION_FAILED' && left === 0) throw tooLong(started, error.message, error);
      if (!isMigrateError(error) || error.code !== 'CONNECTION_FAILED') throw error;
    }
    if (context.signal.aborted) throw cancelled(context.signal, 'Nothing was changed.');
    if (Date.now() >= deadline) throw tooLong(started, `still pending: ${pending.map(({ name }) => name).join(', ')}`, undefined);
    await pause(Math.min(pollMs, Math.max(0, deadline - Date.now())), context.signal);
  }
}

function tooLong(started: number, what: string, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'WAIT_TIMEOUT',
    message: `Waited ${Math.round((Date.now() - started) / 1000)} s in vain: ${what}`,
    next: 'Look at the job that should migrate (its log, `nest-migrate status`), or wait longer: --timeout 10min',
    cause,
  });
}
