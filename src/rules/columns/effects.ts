import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import type { Relation } from '../../observe/relation.js';

/** The observed effects of a statement on a table; the rows of a partitioned table are in its partitions. */

export function isRewritten(statement: Observed, table: TableFacts): boolean {
  return of(statement.rewrites, table).length > 0;
}

export function isScanned(statement: Observed, table: TableFacts): boolean {
  return of(statement.scans, table).length > 0;
}

export function indexesBuilt(statement: Observed, table: TableFacts): readonly Relation[] {
  return of(statement.builds, table);
}

function of(relations: readonly Relation[], table: TableFacts): readonly Relation[] {
  if (table.kind === 'partitioned table') return relations.filter(({ isNew, table: on }) => on !== undefined || !isNew);
  return relations.filter(({ oid, table: on }) => (on ?? oid) === table.oid);
}
