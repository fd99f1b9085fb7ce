import type { Observed } from '../../observe/observed.js';
import { nodeOf, tagOf } from '../../observe/parser.js';
import type { Tag } from '../../observe/parser.js';
import { commandOf, quoteName } from '../../sql/index.js';

/** Statements that change only the schema, so that the schemas before and after describe their effect completely. */
const schemaOnly: ReadonlySet<Tag> = new Set<Tag>([
  'IndexStmt',
  'AlterTableStmt',
  'CreateStmt',
  'CreateEnumStmt',
  'AlterEnumStmt',
  'CreateDomainStmt',
  'CreateSeqStmt',
  'AlterSeqStmt',
  'CreateSchemaStmt',
  'CreateExtensionStmt',
  'CreateFunctionStmt',
  'CreateTrigStmt',
  'CreatePolicyStmt',
  'CreateTableAsStmt',
  'ViewStmt',
  'RuleStmt',
  'CommentStmt',
  'DropStmt',
  'VariableSetStmt',
  'TransactionStmt',
]);

/** Why a migration cannot be rewritten from the schemas before and after it; undefined if it can. */
export function obstacleIn(statements: readonly Observed[], metadataTable: string): string | undefined {
  for (const { sql, tree, error } of statements) {
    const shown = `"${sql.replace(/\s+/g, ' ').trim().slice(0, 60)}"`;
    if (error !== undefined) return 'it fails';
    if (tree === undefined) return `${shown} cannot be parsed`;
    if (isOfTypeorm(sql, metadataTable)) continue;
    const rename = nodeOf(tree, 'RenameStmt');
    if (rename && rename.renameType !== 'OBJECT_TYPE')
      return `${shown} renames something, and a schema does not show what was renamed`;
    if (rename) continue;
    if (!schemaOnly.has(tagOf(tree))) return `${shown} does more than change the schema`;
    if (nodeOf(tree, 'CreateTableAsStmt')?.objtype === 'OBJECT_TABLE') return `${shown} copies rows`;
    if (hasUsing(tree)) return `${shown} converts values with USING, and a schema does not show how`;
  }
  return undefined;
}

/** TypeORM's own table of views and generated columns is part of what is compared. */
function isOfTypeorm(sql: string, metadataTable: string): boolean {
  const { command, name } = commandOf(sql);
  const table = name?.map(quoteName).join('.') ?? '';
  return (command === 'INSERT INTO' || command === 'DELETE FROM') && metadataTable.endsWith(table);
}

function hasUsing(tree: NonNullable<Observed['tree']>): boolean {
  return (nodeOf(tree, 'AlterTableStmt')?.cmds ?? []).some((node) => {
    const command = nodeOf(node, 'AlterTableCmd');
    const column = nodeOf(command?.def, 'ColumnDef');
    if (command?.subtype !== 'AT_AlterColumnType' || column?.raw_default === undefined) return false;
    // TypeORM converts an enum to another one through text, which keeps the values.
    return !/"TypeCast":\{"arg":\{"TypeCast"/.test(JSON.stringify(column.raw_default));
  });
}
