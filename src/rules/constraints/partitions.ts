import type { TableFacts } from '../../observe/catalog.js';
import { ident, sqlName } from '../look.js';
import { byPartition, validateLater } from '../recipes.js';
import type { Problem } from '../rule.js';

/** The partitioned table adopts a foreign key without a scan if all partitions have it validated. */
export function foreignKeyByPartition(
  table: TableFacts,
  name: string,
  definition: string,
): Pick<Problem, 'fix' | 'advice'> {
  const whole = `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${ident(name)} ${definition};`;
  if (table.isNew) return { fix: whole };
  return byPartition(table, (partition) => validateLater(partition, name, definition), whole);
}
