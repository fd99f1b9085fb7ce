import type { IndexFacts, TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, textsOf } from '../../observe/parser.js';
import { after, ident, isSameTransaction } from '../look.js';
import type { JudgedMigration } from '../rule.js';

export interface DroppedIndex {
  readonly table: TableFacts;
  readonly index: IndexFacts;
}

/** The existing indexes on tables in use that a DROP INDEX names. */
export function droppedIndexes({ tree, tables }: Observed): readonly DroppedIndex[] {
  const drop = nodeOf(tree, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_INDEX') return [];
  return (drop.objects ?? []).flatMap((object) => {
    const parts = textsOf(nodeOf(object, 'List')?.items);
    const table = tables.get(parts.map(ident).join('.'));
    const index = table?.indexes.find(({ name }) => name === parts.at(-1));
    return table && index && !table.isNew ? [{ table, index }] : [];
  });
}

/** Whether another index takes its name in the same transaction, so that the two are swapped. */
export function isReplaced(statement: Observed, index: IndexFacts, batch: readonly JudgedMigration[]): boolean {
  return after(statement, batch).some((later) => {
    const rename = nodeOf(later.tree, 'RenameStmt');
    return (
      rename?.renameType === 'OBJECT_INDEX' && rename.newname === index.name && isSameTransaction(statement, later)
    );
  });
}
