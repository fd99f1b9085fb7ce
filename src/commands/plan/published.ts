import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { publishedTableChanged } from '../../rules/objects/published-table-changed.js';
import { publishedWithoutIdentity } from '../../rules/objects/published-without-identity.js';
import type { JudgedMigration, Rule } from '../../rules/rule.js';
import { sizeOf } from './estimate.js';
import type { Scale } from './estimate.js';
import type { Tried } from './observe-pending.js';

/** What replication makes of a migration: the copy has the publications of the live database, and says the same as lint. */
export function published(
  { migration, transactional, statements, error }: Tried,
  scale: Scale,
): { readonly fails: readonly string[]; readonly remarks: readonly string[] } {
  const { name, timestamp, file, phase } = migration;
  const judged: JudgedMigration = { name, timestamp, file, phase, transactional, statements };
  const said = (rule: Rule, isMeant: (statement: Observed | undefined) => boolean): readonly string[] => {
    const problems = [...rule.check(judged, { targetVersion: 18, batch: [judged] })];
    const messages = problems.filter(({ statement }) => isMeant(statement)).map(({ message }) => message);
    return [...new Set(messages)];
  };
  return {
    // Why it failed on the copy is said already.
    fails: error === undefined ? said(publishedWithoutIdentity, (statement) => meetsRows(statement, scale)) : [],
    remarks: said(publishedTableChanged, (statement) => statement?.error === undefined),
  };
}

/** A block that goes through the pages of a table changes nothing where there are none. */
function meetsRows(statement: Observed | undefined, scale: Scale): boolean {
  if (!statement || !nodeOf(statement.tree, 'DoStmt')) return true;
  return [...statement.tables.values()].some(
    (table) => table.hasNoIdentity && table.published.length > 0 && sizeOf(table, scale)?.rows !== 0,
  );
}
