import { withReader } from '../database/client.js';
import { namesOfKept } from '../database/downs.js';
import { deleteDuplicates } from '../database/ledger.js';
import type { LedgerRow } from '../database/ledger.js';
import { readDetails } from '../database/log.js';
import type { AppliedDetail } from '../database/log.js';
import { readOnlyReason } from '../database/read-only.js';
import { leftIndexes } from '../database/repair.js';
import { readRunning } from '../database/running.js';
import { untilConnected } from '../database/retry.js';
import type { SqlClient } from '../database/sql-client.js';
import type { Change } from '../files/change.js';
import type { MigrationList } from '../files/migration.js';
import type { MigrationName } from '../files/name.js';
import { editedProblems, missingProblems, withoutFile } from './applied-files.js';
import { buildProblems } from './built.js';
import { changesOf } from './changes.js';
import { beginList, survey } from './context.js';
import type { CommandContext, Survey } from './context.js';
import { halfDoneProblems } from './half-done.js';
import { lostLedgerOf, lostLedgerProblem } from './lost-ledger.js';
import { noFilesIn } from './no-files.js';
import { describeOtherLedger, otherLedgerOf } from './other-ledger.js';
import type { OtherLedger } from './other-ledger.js';
import { runningHere } from './running.js';
import type { AppliedMigration, RunningMigration, StatusChange, StatusProblem, StatusResult } from './types.js';
import { describePending, isMeantToBeLate } from './phases.js';

/** Compares the files with the ledger. Reads only: it creates no table and takes no lock. */
export async function status(context: CommandContext): Promise<StatusResult> {
  const listing = beginList(context);
  const look = async (client: SqlClient): Promise<StatusResult> => {
    const now = await survey(client, listing, context);
    const found = await listing;
    const details = now.state.exists.log ? await readDetails(client, context.tables) : new Map<string, AppliedDetail>();
    const describe = ({ name, timestamp }: LedgerRow): AppliedMigration => {
      const detail = details.get(name);
      const appliedAt = detail ? new Date(detail.finished_at).toISOString() : null;
      return { name, timestamp, appliedAt, durationMs: detail?.duration_ms ?? null };
    };
    const { missing, newer } = withoutFile(now);
    const other = await otherLedgerOf(now, client, context);
    const lost = other === undefined ? await lostLedgerOf(now, client, context) : undefined;
    const running = now.state.exists.ledger
      ? runningHere(await readRunning(client, now.state.halfDone, context.tables), now)
      : [];
    const left = await leftIndexes(client, now.state.halfDone);
    const readOnly = await readOnlyReason(client, context);
    const kept = await namesOfKept(client, context.tables, [...missing, ...newer], now.state);
    return {
      applied: now.state.applied.map(describe),
      pending: describePending(now, context.settings.contract),
      changes: changesOf(now).map((change) => statusOf(change, now)),
      newer: newer.map((row) => ({ ...describe(row), revertible: kept.has(row.name) })),
      foreign: now.foreign.map((row) => ({ ...describe(row), service: row.service })),
      problems: [
        ...(lost === undefined ? [] : [lostLedgerProblem(lost, context)]),
        ...(other === undefined ? [] : [otherLedgerProblem(other, context)]),
        ...problemsOf(now, missingProblems(missing, kept), running, left, found, context),
      ],
      ...(running.length > 0 && { running }),
      ...(readOnly && { readOnly }),
    };
  };
  const seen = async (client: SqlClient): Promise<StatusResult> => {
    const first = await look(client);
    // A migration may have ended while this looked for its process, so one that seems to have stopped is looked at twice.
    return first.problems.some(({ code }) => code === 'HALF_DONE') ? look(client) : first;
  };
  return untilConnected(context, () => withReader(context, seen));
}

function statusOf({ name, migrations }: Change<MigrationName>, { isApplied }: Survey): StatusChange {
  const names = migrations.map((one) => one.name);
  const applied = names.filter(isApplied).length;
  const state = applied === names.length ? 'applied' : applied === 0 ? 'pending' : 'applied in part';
  return { name, state, migrations: names };
}

function otherLedgerProblem(other: OtherLedger, context: CommandContext): StatusProblem {
  const next = other.schema === undefined ? `set migrationsTableName: '${other.table}'` : 'set the search path again';
  const message = `The ledger may be another table: ${describeOtherLedger(other, context)}. If so, ${next}.`;
  return { code: 'OTHER_LEDGER', migration: null, message };
}

function problemsOf(
  now: Survey,
  missing: readonly StatusProblem[],
  running: readonly RunningMigration[],
  left: ReadonlyMap<string, readonly string[]>,
  found: MigrationList,
  context: CommandContext,
): readonly StatusProblem[] {
  const newest = Math.max(0, ...now.state.applied.map((row) => row.timestamp));
  return [
    ...noFilesIn(found).map((message) => ({ code: 'NO_FILES' as const, migration: null, message })),
    ...buildProblems(found, now.isApplied),
    ...duplicateProblems(now, context),
    ...missing,
    ...now.pending
      .filter(
        (migration) => migration.timestamp < newest && !isMeantToBeLate(migration, now, context.settings.contract),
      )
      .map(({ name }) => ({
        code: 'OUT_OF_ORDER' as const,
        migration: name,
        message: `${name} is pending, but older than one that is applied.`,
      })),
    ...halfDoneProblems(now, (migration) => running.some(({ name }) => name === migration), left),
    ...editedProblems(now),
  ];
}

function duplicateProblems(
  { state: { applied, duplicates } }: Survey,
  context: CommandContext,
): readonly StatusProblem[] {
  return applied.flatMap(({ name }) => {
    const rows = 1 + duplicates.filter((row) => row.name === name).length;
    if (rows === 1) return [];
    return {
      code: 'LEDGER_DUPLICATE' as const,
      migration: name,
      message: `${name} is recorded ${rows === 2 ? 'twice' : `${rows} times`} in ${context.tables.ledger}: processes that took no lock (TypeORM itself, perhaps) recorded it at the same time, and may have executed it that often; or its own statements recorded it, too. It counts once. After reviewing what it did: ${deleteDuplicates(context.tables, name)}`,
    };
  });
}
