import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import type { Relation } from '../../observe/relation.js';

/** What a statement was seen to do to a table; the rows of a partitioned one are in others. */

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
