import type { DropStmt } from 'nest-migrate-dev/libpg-query';
import { nodeOf, textsOf } from '../../observe/parser.js';
import type { Tree } from '../../observe/parser.js';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import type { JudgedMigration } from '../rule.js';
import { quoteName } from '../../sql/index.js';
import { bare } from '../recipes.js';

/** Objects that statements name, other than tables: schemas, types, functions. */

/** The names in a DROP, each split into its parts: `["public", "mood"]`. */
export function droppedNames(drop: DropStmt | undefined): readonly (readonly string[])[] {
  return (drop?.objects ?? []).map((object) => {
    const text = nodeOf(object, 'String')?.sval;
    if (text !== undefined) return [text];
    return textsOf(
      nodeOf(object, 'List')?.items ?? nodeOf(object, 'TypeName')?.names ?? nodeOf(object, 'ObjectWithArgs')?.objname,
    );
  });
}

/** The tables or views in use that a DROP names. */
export function droppedInUse(statement: Observed, type: DropStmt['removeType']): readonly TableFacts[] {
  const drop = nodeOf(statement.tree, 'DropStmt');
  if (drop?.removeType !== type) return [];
  return droppedNames(drop).flatMap((parts) => {
    const facts = statement.tables.get(parts.map(quoteName).join('.'));
    return facts && !facts.isNew ? [facts] : [];
  });
}

/** Whether the batch itself created the object of that name, so that nothing relies on it yet. */
export function isMade(
  kind: 'schema' | 'type' | 'function',
  parts: readonly string[],
  statement: Observed,
  batch: readonly JudgedMigration[],
): boolean {
  const statements = batch.flatMap((migration) => migration.statements);
  return statements
    .slice(0, statements.indexOf(statement))
    .some(({ tree }) => madeBy[kind](tree)?.at(-1) === parts.at(-1));
}

const madeBy: Readonly<
  Record<'schema' | 'type' | 'function', (tree: Tree | undefined) => readonly string[] | undefined>
> = {
  schema: (tree) => {
    const create = nodeOf(tree, 'CreateSchemaStmt');
    // With IF NOT EXISTS, it may have existed before.
    return create?.schemaname && !create.if_not_exists ? [create.schemaname] : undefined;
  },
  type: (tree) => {
    const names = nodeOf(tree, 'CreateEnumStmt')?.typeName;
    return names && textsOf(names);
  },
  function: (tree) => {
    const names = nodeOf(tree, 'CreateFunctionStmt')?.funcname;
    return names && textsOf(names);
  },
};

/** Advice for changes that the old version of the app cannot survive. */
export function inContract(...statements: readonly string[]): string {
  return [
    "-- In a contract migration of its own (phase = 'contract'), after the old version of the app is gone.",
    ...statements.map((sql) => `${bare(sql)};`),
  ].join('\n');
}
