import type { ConnectContext, SqlClient } from '../database/sql-client.js';
import { readLedger, readLedgerInside } from '../database/ledger.js';
import type { LedgerState } from '../database/ledger.js';
import { describeConnection } from '../data-source/describe.js';
import { isEmbedded } from '../data-source/embedded-brand.js';
import type { Service } from '../database/service.js';
import type { Tables } from '../database/tables.js';
import { listMigrations } from '../files/list-migrations.js';
import type { Instantiate, KnownMigration, Listing, MigrationList } from '../files/migration.js';
import { resolveMigrations } from '../files/resolve.js';
import { noFilesIn } from './no-files.js';
import { remarkOnUnlisted } from './unlisted.js';
import type { ResolvedSettings } from '../options.js';
import { withoutForeign } from './foreign.js';
import type { ForeignRow } from './foreign.js';

/** The context of every command, created once by `createMigrator`. */
export interface CommandContext extends ConnectContext, Listing {
  readonly settings: ResolvedSettings;
  readonly tables: Tables;
  readonly service: Service;
  readonly instantiate: Instantiate;
  /** Connects the data source. Called only if migrations have to run. */
  initialise(): Promise<void>;
  /** Connects it only for the duration of work that must leave nothing behind, without creating TypeORM's extensions. */
  whileConnected<T>(work: (since: 'now' | 'before') => Promise<T>): Promise<T>;
}

/** The files compared with the ledger: the basis of every command's decisions. */
export interface Survey {
  /** The state without the migrations of other services in the same ledger. */
  readonly state: LedgerState;
  /** The migrations that other services have applied. */
  readonly foreign: readonly ForeignRow[];
  readonly known: readonly KnownMigration[];
  readonly pending: readonly KnownMigration[];
  readonly isApplied: (name: string) => boolean;
}

/**
 * Lists the files, and reports if there are none. If no address was configured, it must not look as if a server had been migrated.
 */
export async function list(context: CommandContext): Promise<MigrationList> {
  const found = await listMigrations(context);
  if (isEmbedded(context.dataSource)) {
    const message = `No server is configured (DATABASE_URL), so this is ${describeConnection(context.dataSource)}.`;
    context.onEvent({ type: 'warning', code: 'NO_DATABASE_URL', message });
  }
  for (const message of noFilesIn(found)) context.onEvent({ type: 'warning', code: 'NO_FILES_MATCH', message });
  const unlisted = remarkOnUnlisted(found, context.dataSource);
  if (unlisted !== undefined) context.onEvent({ type: 'warning', code: 'NOT_LISTED', message: unlisted });
  return found;
}

/** Starts before the database is queried, so that both happen at the same time. An error is thrown where the result is awaited. */
export function beginList(context: CommandContext): Promise<MigrationList> {
  const listing = list(context);
  listing.catch(() => undefined);
  return listing;
}

export async function survey(
  client: SqlClient,
  found: MigrationList | Promise<MigrationList>,
  context: CommandContext,
): Promise<Survey> {
  const [state, files] = await Promise.all([readLedger(client, context.tables), found]);
  return compare(client, state, files, context);
}

/** The same on the connection that holds the lock. */
export async function surveyInside(client: SqlClient, found: MigrationList, context: CommandContext): Promise<Survey> {
  return compare(client, await readLedgerInside(client, context.tables), found, context);
}

async function compare(
  client: SqlClient,
  all: LedgerState,
  found: MigrationList,
  context: CommandContext,
): Promise<Survey> {
  const names = new Set(all.applied.map((row) => row.name));
  const isApplied = (name: string): boolean => names.has(name);
  // An applied migration can be reverted even if its source no longer exists.
  const applied = found.stale.filter(({ expected }) => expected !== undefined && isApplied(expected.name));
  const known = await resolveMigrations({ ...found, files: [...found.files, ...applied] }, all.applied, all.awaited);
  const { state, foreign } = await withoutForeign(client, all, known, context);
  return { state, foreign, known, pending: known.filter((migration) => !isApplied(migration.name)), isApplied };
}
