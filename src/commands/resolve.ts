import { ExitCode, MigrateError } from '../errors.js';
import { withReader } from '../database/client.js';
import type { SqlClient } from '../database/sql-client.js';
import { ledgerChange, readLedger } from '../database/ledger.js';
import type { LedgerState } from '../database/ledger.js';
import { holdLock } from '../database/lock.js';
import type { HalfDone } from '../database/log.js';
import { untilConnected } from '../database/retry.js';
import { listMigrations } from '../files/list-migrations.js';
import type { CommandContext } from './context.js';
import { otherServices } from './foreign.js';
import type { Resolution, ResolveResult } from './types.js';
import { findByReference } from './choose.js';

/** Records the decision about a migration that stopped in the middle. Changes only ledger and log. */
export async function resolve(
  reference: string,
  resolution: Resolution,
  context: CommandContext,
): Promise<ResolveResult> {
  const sent: Sent = {};
  return untilConnected(context, (watched) => resolveNow(reference, resolution, sent, watched));
}

/** The row that the decision was sent for. If the connection was lost after that, the server may have executed it. */
interface Sent {
  row?: HalfDone;
}

async function resolveNow(
  reference: string,
  resolution: Resolution,
  sent: Sent,
  context: CommandContext,
): Promise<ResolveResult> {
  const locked = await holdLock(
    context,
    () => Promise.resolve(true),
    () =>
      // The connection that holds the lock is not used, because its transaction is never committed.
      withReader(context, async (client) => {
        const recorded = sent.row && (await recordedAlready(sent.row, resolution, client, context));
        if (recorded) return recorded;
        const state = await readLedger(client, context.tables);
        const { files, classes } = await listMigrations(context);
        const names = new Set([
          ...files.flatMap(({ expected }) => expected?.name ?? []),
          ...classes.map(({ name }) => name),
        ]);
        const serviceOf = (await otherServices(client, state, names, context)) ?? (() => undefined);
        const halfDone = state.halfDone.filter(({ migration }) => serviceOf(migration) === undefined);
        const named = halfDone.map((row) => ({ ...asNamed(row.migration), row }));
        if (!isNamed(reference, named)) refuseForeign(reference, state, serviceOf);
        if (halfDone.length === 0) throw nothingHalfDone(reference);
        sent.row = findByReference(reference, named).row;
        return decide(sent.row, resolution, client, context);
      }),
  );
  if (!locked.held) throw nothingHalfDone(reference);
  return locked.value;
}

/** A number of statements may be recorded twice. */
async function recordedAlready(
  { id, migration, direction }: HalfDone,
  { as }: Resolution,
  client: SqlClient,
  { tables: { log } }: CommandContext,
): Promise<ResolveResult | undefined> {
  const finished = direction === 'up' ? 'applied' : 'reverted';
  const { rows } = await client.query(`SELECT state FROM ${log} WHERE id = ${id}`);
  const state = rows[0]?.['state'];
  if (as === 'finished' && state === finished) return { migration, state: finished };
  return as === 'not-started' && state === 'abandoned' ? { migration, state: 'not-started' } : undefined;
}

async function decide(
  row: HalfDone,
  resolution: Resolution,
  client: SqlClient,
  context: CommandContext,
): Promise<ResolveResult> {
  const { log } = context.tables;
  const { migration, direction } = row;
  const set = (changes: string): string => `UPDATE ${log} SET ${changes}, in_doubt = NULL WHERE id = ${row.id}`;
  switch (resolution.as) {
    case 'finished': {
      const state = direction === 'up' ? 'applied' : 'reverted';
      const change = ledgerChange(
        context.tables,
        { name: migration, timestamp: Number(migration.slice(-13)) },
        direction,
      );
      await client.query(
        `WITH done AS (${change}) ${set(`state = '${state}', finished_at = clock_timestamp(), duration_ms = coalesce(duration_ms, 0)`)}`,
      );
      return { migration, state };
    }
    case 'not-started':
      await client.query(set(`state = 'abandoned', finished_at = clock_timestamp()`));
      return { migration, state: 'not-started' };
    case 'done-until': {
      const { statement } = resolution;
      if (!Number.isInteger(statement) || statement < 0) throw wrongStatement(statement);
      await client.query(set(`statements_done = ${statement}, statements_hash = NULL`));
      return { migration, state: 'half-done' };
    }
  }
}

/** Another service that shares the ledger decides about its own migrations. */
function refuseForeign(
  reference: string,
  { applied, halfDone }: LedgerState,
  serviceOf: (migration: string) => string | undefined,
): void {
  const stopped = halfDone.map(({ migration }) => migration);
  const all = [...stopped, ...applied.map(({ name }) => name)].filter((name) => serviceOf(name) !== undefined);
  const name = all.find((one) => isNamed(reference, [asNamed(one)]));
  if (name === undefined) return;
  const state = stopped.includes(name) ? 'stopped halfway' : 'is applied';
  throw new MigrateError({
    code: 'MIGRATION_UNKNOWN',
    message: `${name} belongs to the service ${serviceOf(name)}, which shares this ledger; it ${state}. Nothing was changed.`,
    next: `Run this where ${serviceOf(name)} has its migrations. \`nest-migrate status\` shows those of this service.`,
    exitCode: ExitCode.usage,
  });
}

function asNamed(name: string): { readonly name: string; readonly timestamp: number } {
  return { name, timestamp: Number(name.slice(-13)) };
}

function isNamed(reference: string, among: readonly { readonly name: string }[]): boolean {
  const part = reference.trim().toLowerCase();
  return part !== '' && among.some(({ name }) => name.toLowerCase().includes(part));
}

function wrongStatement(statement: number): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: `The number of finished statements must be zero or a positive integer, but is ${statement}. Nothing was changed.`,
    next: 'For example: --done-until 2',
    exitCode: ExitCode.usage,
  });
}

function nothingHalfDone(reference: string): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_UNKNOWN',
    message: `No migration stopped in the middle, so there is nothing to decide about "${reference}". Nothing was changed.`,
    next: 'nest-migrate status',
    exitCode: ExitCode.usage,
  });
}
