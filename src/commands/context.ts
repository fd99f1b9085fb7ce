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
import type { ResolvedSettings } from '../options.js';
import { withoutForeign } from './foreign.js';
import type { ForeignRow } from './foreign.js';

/** What every command works with; made once by `createMigrator`. */
export interface CommandContext extends ConnectContext, Listing {
  readonly settings: ResolvedSettings;
  readonly tables: Tables;
  readonly service: Service;
  readonly instantiate: Instantiate;
  /** Connects the data source, when migrations really have to run. */
  initialise(): Promise<void>;
  /** Connects it for work that must leave nothing behind: without the extensions that TypeORM creates, and only for as long as it lasts. */
  whileConnected<T>(work: (since: 'now' | 'before') => Promise<T>): Promise<T>;
}

/** Files against ledger: everything a command decides from. */
export interface Survey {
  /** Without what other services have in the same ledger. */
  readonly state: LedgerState;
  /** What these have applied. */
  readonly foreign: readonly ForeignRow[];
  readonly known: readonly KnownMigration[];
  readonly pending: readonly KnownMigration[];
  readonly isApplied: (name: string) => boolean;
}

/**
 * Lists the files, and tells when there are none. Nor should it look as if a server had been migrated when its address did not arrive.
 */
export async function list(context: CommandContext): Promise<MigrationList> {
  const found = await listMigrations(context);
  if (isEmbedded(context.dataSource)) {
    const message = `Nothing says where a server is (DATABASE_URL), so this is ${describeConnection(context.dataSource)}.`;
    context.onEvent({ type: 'warning', code: 'NO_DATABASE_URL', message });
  }
  for (const message of noFilesIn(found)) context.onEvent({ type: 'warning', code: 'NO_FILES_MATCH', message });
  return found;
}

/** Begun before the server is asked, so that the folder is read meanwhile. An error is thrown where the result is awaited. */
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
  // What was applied can be reverted, though its source is gone.
  const applied = found.stale.filter(({ expected }) => expected !== undefined && isApplied(expected.name));
  const known = await resolveMigrations({ ...found, files: [...found.files, ...applied] }, all.applied);
  const { state, foreign } = await withoutForeign(client, all, known, context);
  return { state, foreign, known, pending: known.filter((migration) => !isApplied(migration.name)), isApplied };
}
