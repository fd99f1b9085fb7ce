import type { DataSource } from 'typeorm';

/**
 * Lets a data source with replicas connect to its master alone. TypeORM connects to all of them at once, and fails if one is not reachable from
 * where the command runs; what it read from a replica would be older than what a migration has just written.
 */
export function withoutReplicas({ options }: DataSource): void {
  const { replication } = options as { readonly replication?: { readonly slaves?: readonly unknown[] } };
  if (replication?.slaves?.length) Object.assign(options, { replication: { ...replication, slaves: [] } });
}
