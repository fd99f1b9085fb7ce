import type { TableFacts } from '../../observe/catalog.js';
import { ident, sqlName } from '../look.js';
import { eachPartition, validateLater } from '../recipes.js';

/** What all partitions have, validated, the partitioned table takes over without looking. */
export function byPartition(table: TableFacts, name: string, definition: string): string {
  return [
    ...eachPartition(table, (partition) => [validateLater(partition, name, definition)]),
    '-- When all partitions have it:',
    `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${ident(name)} ${definition};`,
  ].join('\n');
}
