import type { TableFacts } from '../../observe/catalog.js';
import { ident, sqlName } from '../look.js';
import { eachPartition, hasSimplePartitions, validateLater } from '../recipes.js';

/** What all partitions have, validated, the partitioned table takes over without looking. */
export function byPartition(table: TableFacts, name: string, definition: string): string | undefined {
  const whole = `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${ident(name)} ${definition};`;
  if (table.isNew) return whole;
  if (!hasSimplePartitions(table)) return undefined;
  return [
    ...eachPartition(table, (partition) => [validateLater(partition, name, definition)]),
    '-- When all partitions have it:',
    whole,
  ].join('\n');
}
