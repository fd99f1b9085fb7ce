import type { Service } from '../database/service.js';
import type { SqlClient } from '../database/sql-client.js';
import type { LedgerRow, LedgerState } from '../database/ledger.js';
import { readWriters } from '../database/log.js';
import type { Writers } from '../database/log.js';
import type { Tables } from '../database/tables.js';
import type { MigrationName } from '../files/name.js';

/** A migration in the ledger that another service has applied. */
export interface ForeignRow extends LedgerRow {
  readonly service: string;
}

interface Deployed {
  readonly tables: Tables;
  readonly service: Service;
}

interface Divided {
  readonly state: LedgerState;
  readonly foreign: readonly ForeignRow[];
}

/**
 * Removes the rows of other services that share the ledger: migrations without a file here that another service has written according to
 * the log. Without such a log row, for example if TypeORM has applied them, their files count as missing. The log is read only if there is
 * a migration without a file.
 */
export async function withoutForeign(
  client: SqlClient,
  all: LedgerState,
  known: readonly MigrationName[],
  deployed: Deployed,
): Promise<Divided> {
  const { applied, halfDone, deferred } = all;
  const names = new Set(known.map(({ name }) => name));
  // What this version does not contain says nothing about which version is running.
  const counting = deferred.filter(({ reverted }) => !reverted?.some((name) => names.has(name)));
  const serviceOf = await otherServices(client, all, names, deployed);
  if (serviceOf === undefined) return { state: { ...all, deferred: counting }, foreign: [] };
  const isOurs = (name: string): boolean => serviceOf(name) === undefined;
  return {
    state: {
      ...all,
      applied: applied.filter(({ name }) => isOurs(name)),
      halfDone: halfDone.filter(({ migration }) => isOurs(migration)),
      deferred: counting,
    },
    foreign: applied.flatMap((row) => {
      const other = serviceOf(row.name);
      return other === undefined ? [] : { ...row, service: other };
    }),
  };
}

/**
 * Finds the other service that a migration in the ledger belongs to; undefined for migrations of this service. There is nothing to find if
 * the files of all migrations are here, as at most starts.
 */
export async function otherServices(
  client: SqlClient,
  { applied, halfDone, exists }: LedgerState,
  names: ReadonlySet<string>,
  { tables, service }: Deployed,
): Promise<((migration: string) => string | undefined) | undefined> {
  const isUnknown = (name: string): boolean => !names.has(name);
  const unknown = applied.some(({ name }) => isUnknown(name)) || halfDone.some(({ migration }) => isUnknown(migration));
  if (!unknown || !exists.log || service.name === undefined) return undefined;
  const serviceOf = foreigners(await readWriters(client, tables), names, service);
  return (name) => (isUnknown(name) ? serviceOf(name) : undefined);
}

/** Finds the other service that a migration belongs to. */
function foreigners(
  writers: Writers,
  known: ReadonlySet<string>,
  { name, by }: Service,
): (migration: string) => string | undefined {
  const ours = new Set([name]);
  // A service that has written a migration which exists here is this one, under an earlier name of its package.
  if (by === 'package')
    for (const [migration, services] of writers)
      if (known.has(migration)) for (const service of services) ours.add(service);
  return (migration) => {
    const services = [...(writers.get(migration) ?? [])];
    return services.some((service) => ours.has(service)) ? undefined : services[0];
  };
}
