import type { ConstraintFacts, TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { alterations } from '../look.js';
import { classify } from '../../sql/index.js';

/** A check that proves that a column has no NULL, but that the same ALTER TABLE drops, which happens first. */
export function droppedProof(statement: Observed, table: TableFacts, column: string): ConstraintFacts | undefined {
  const dropped = new Set(alterations(statement, 'AT_DropConstraint').map(({ command }) => command.name));
  return table.constraints.find(
    ({ name, type, validated, columns, definition }) =>
      dropped.has(name) && type === 'check' && validated && columns.includes(column) && isThatItIsFilled(definition),
  );
}

function isThatItIsFilled(definition: string): boolean {
  const [check] = classify(definition);
  return check?.mentions('IS', 'NOT', 'NULL') === true && !check.mentions('OR');
}
