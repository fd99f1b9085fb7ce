import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf } from '../../observe/parser.js';
import { quoteName } from '../../sql/index.js';
import type { Promised } from './promised.js';

/** What statements look for in rows that no definition of a table tells: where there are rows, it is not known whether they fit. */
export function boundsOf({ tree, scans }: Observed): readonly Promised[] {
  const what = nodeOf(tree, 'AlterDomainStmt')
    ? 'satisfies the constraints of the domain'
    : [...nodesOf(tree, 'AlterTableCmd')].some(({ subtype }) => subtype === 'AT_AttachPartition')
      ? 'belongs into its new partition'
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
