import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf } from '../../observe/parser.js';
import { quoteName } from '../../sql/index.js';
import type { Promised } from './promised.js';

/** Conditions on rows that no table definition shows. If a table has rows, it is unknown whether they meet them. */
export function boundsOf({ tree, scans }: Observed): readonly Promised[] {
  const what = nodeOf(tree, 'AlterDomainStmt')
    ? 'satisfies the constraints of the domain'
    : [...nodesOf(tree, 'AlterTableCmd')].some(({ subtype }) => subtype === 'AT_AttachPartition')
      ? 'belongs in its new partition'
      : undefined;
  if (what === undefined) return [];
  return scans
    .filter(({ isNew }) => !isNew)
    .map((table) => ({
      table,
      columns: [],
      what: `every row of ${table.name} ${what}`,
      question: `SELECT FROM ${quoteName(table.schema)}.${quoteName(table.name)}`,
      found: 'a doubt' as const,
    }));
}
