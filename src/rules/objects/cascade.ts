import { nodeOf, tagOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { JudgedMigration } from '../rule.js';
import { droppedNames, isMade } from './named.js';

export interface Cascade {
  /** The objects whose loss destroys rows or values. */
  readonly data: readonly string[];
  readonly others: readonly string[];
}

/** The objects that a CASCADE drops, except those of schemas, columns and sequence defaults, which have rules of their own. */
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

/** An object that depends on a new one is new itself. */
function isNew(statement: Observed, batch: readonly JudgedMigration[]): boolean {
  const relations = [...statement.tables.values()];
  if (relations.length > 0) return relations.every((facts) => facts.isNew);
  return droppedNames(nodeOf(statement.tree, 'DropStmt')).every(
    (parts) => isMade('type', parts, statement, batch) || isMade('function', parts, statement, batch),
  );
}
