import type { Tree } from '../../observe/parser.js';
import { nodeOf, nodesOf } from '../../observe/parser.js';

/** `CREATE INDEX`, `DROP INDEX`, `REINDEX` or `DETACH PARTITION` … `CONCURRENTLY`. */
export function isConcurrent(tree: Tree | undefined): boolean {
  const reindex = nodeOf(tree, 'ReindexStmt');
  if (reindex)
    return [...nodesOf(reindex.params, 'DefElem')].some(
      ({ defname, arg }) => defname === 'concurrently' && !isOff(arg),
    );
  const alter = nodeOf(tree, 'AlterTableStmt');
  if (alter) return [...nodesOf(alter.cmds, 'PartitionCmd')].some(({ concurrent }) => concurrent === true);
  return (nodeOf(tree, 'IndexStmt') ?? nodeOf(tree, 'DropStmt'))?.concurrent === true;
}

function isOff(argument: Tree | undefined): boolean {
  const text = nodeOf(argument, 'String')?.sval ?? String(nodeOf(argument, 'Integer')?.ival ?? '');
  return argument !== undefined && /^(?:false|off|0|)$/i.test(text);
}
