import { blockedBy } from '../../observe/relation.js';
import type { Lock, Relation } from '../../observe/relation.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf, tagOf } from '../../observe/parser.js';
import { called } from '../look.js';
import type { JudgedMigration } from '../rule.js';

/** How the locks of one statement affect the rest of its transaction. */

/** The locks that block a table in use, except on tables that are dropped by then. */
export function blockingHeld({ held, transaction }: Observed, { statements }: JudgedMigration): readonly Lock[] {
  const gone = new Set(
    statements.filter((one) => one.transaction === transaction).flatMap(({ drops }) => drops.map(({ oid }) => oid)),
  );
  return held.filter((lock) => isBlocking(lock) && !gone.has(lock.relation.oid));
}

export function isBlocking({ relation, mode }: Lock): boolean {
  const blocked = blockedBy(mode);
  const isTable = !relation.isNew && relation.kind !== 'index' && relation.kind !== 'sequence';
  return isTable && (blocked === 'writes' || blocked === 'reads and writes');
}

/** `reads and writes on public.users, and writes on public.posts block meanwhile` */
export function waiting(locks: readonly Lock[]): string {
  const named = (what: 'writes' | 'reads and writes'): string =>
    locks
      .filter(({ mode }) => blockedBy(mode) === what)
      .map(({ relation }) => called(relation))
      .join(', ');
  const [all, writers] = [named('reads and writes'), named('writes')];
  return `${[all && `reads and writes on ${all}`, writers && `writes on ${writers}`].filter(Boolean).join(', and ')} block meanwhile`;
}

/** The tables that TypeORM itself writes, which are small. */
export const ofTypeorm: ReadonlySet<string> = new Set(['typeorm_metadata', 'migrations']);

/** The tables in use that it scans completely, except TypeORM's own tables. */
export function readsAllOf({ scans }: Observed): readonly Relation[] {
  return scans.filter(({ isNew, name }) => !isNew && !ofTypeorm.has(name));
}

/** Whether the statement is of a kind that changes rows. */
export function isChangeOfRows({ tree }: Observed): boolean {
  if (tree === undefined) return false;
  if (['UpdateStmt', 'DeleteStmt', 'InsertStmt', 'MergeStmt'].includes(tagOf(tree))) return true;
  const ctes = [...nodesOf(nodeOf(tree, 'SelectStmt')?.withClause, 'CommonTableExpr')];
  return ctes.some(({ ctequery }) => ctequery !== undefined && tagOf(ctequery) !== 'SelectStmt');
}
