import { changesIn, Steps } from '../files/change.js';
import type { Change } from '../files/change.js';
import { timestampOf } from '../files/name.js';
import type { MigrationName } from '../files/name.js';
import type { LogColumns, LogUse } from '../database/log-columns.js';
import type { CommandContext, Survey } from './context.js';

/** The changes of a project and its database, including migrations that only the ledger knows. */
export function changesOf({ known, state }: Pick<Survey, 'known' | 'state'>): readonly Change<MigrationName>[] {
  const names = new Set(known.map(({ name }) => name));
  const all = [...known, ...state.applied.filter(({ name }) => !names.has(name))];
  return changesIn([...all, ...deferredAfter(all, state)].toSorted((a, b) => a.timestamp - b.timestamp));
}

/** The last migration of a change gives it its name. If its file is not here, and it is deferred, only the log knows of it. */
function deferredAfter(all: readonly MigrationName[], { deferred }: Survey['state']): readonly MigrationName[] {
  if (deferred.length === 0) return [];
  const names = new Set(all.map(({ name }) => name));
  const steps = new Steps(all);
  return deferred
    .map(({ migration: name }) => ({ name, timestamp: timestampOf(name) ?? 0 }))
    .filter((one) => !names.has(one.name) && steps.before(one).length > 0);
}

/** Maps the name of each migration to its change. */
export function changeByMigration(
  changes: readonly Change<MigrationName>[],
): ReadonlyMap<string, Change<MigrationName>> {
  return new Map(changes.flatMap((change) => change.migrations.map(({ name }) => [name, change] as const)));
}

/** What is written to the log about the change of a migration. */
export function logUse(columns: LogColumns, now: Survey, { service }: CommandContext): LogUse {
  const byMigration = changeByMigration(changesOf(now));
  const { name } = service;
  return { columns, service: name, changeOf: (migration) => byMigration.get(migration)?.name ?? migration };
}

/** The first `count` changes of a list. Adjacent migrations of a change count as one. */
export function firstChanges<T extends MigrationName>(
  migrations: readonly T[],
  count: number,
  byMigration: ReadonlyMap<string, Change<MigrationName>>,
): readonly T[] {
  let runs = 0;
  const end = migrations.findIndex(({ name }, index) => {
    const before = migrations[index - 1];
    if (before === undefined || byMigration.get(name) !== byMigration.get(before.name)) runs += 1;
    return runs > count;
  });
  return end === -1 ? migrations : migrations.slice(0, end);
}
