import { nodeOf, tagOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { JudgedMigration } from '../rule.js';
import { droppedNames, isMade } from './named.js';

export interface Cascade {
  /** Rows or values are lost with them. */
  readonly data: readonly string[];
  readonly others: readonly string[];
}

/** What a CASCADE has taken along, where no other rule says it: of a schema, a column and the defaults of a sequence there is one. */
export function cascadeOf(statement: Observed, batch: readonly JudgedMigration[]): Cascade | undefined {
  const { tree, cascades } = statement;
  if (cascades.length === 0 || (tree && tagOf(tree) === 'AlterTableStmt')) return undefined;
  const drop = nodeOf(tree, 'DropStmt');
  if (drop?.removeType === 'OBJECT_SCHEMA' || (drop && isNew(statement, batch))) return undefined;
  const isData = (what: string): boolean => /^(?:table|column|materialized view) /.test(what);
  const isOfSequence = (what: string): boolean =>
    drop?.removeType === 'OBJECT_SEQUENCE' && what.startsWith('default value for column ');
  const others = cascades.filter((what) => !isData(what) && !isOfSequence(what));
  return { data: cascades.filter(isData), others };
}

/** What depends on something new is new itself. */
function isNew(statement: Observed, batch: readonly JudgedMigration[]): boolean {
  const relations = [...statement.tables.values()];
  if (relations.length > 0) return relations.every((facts) => facts.isNew);
  return droppedNames(nodeOf(statement.tree, 'DropStmt')).every(
    (parts) => isMade('type', parts, statement, batch) || isMade('function', parts, statement, batch),
  );
}
