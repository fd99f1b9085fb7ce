import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { rules } from '../../rules/all-rules.js';
import type { JudgedMigration, Rule } from '../../rules/rule.js';
import { sizeOf } from './estimate.js';
import type { Scale } from './estimate.js';
import type { Tried } from './observe-pending.js';

/** The effect of a migration on replication: the copy has the publications of the live database, so the findings are those of lint. */
export function published(
  { migration, transactional, statements, error }: Tried,
  scale: Scale,
  targetVersion: number,
): { readonly fails: readonly string[]; readonly remarks: readonly string[] } {
  const { name, timestamp, file, phase } = migration;
  const judged: JudgedMigration = { name, timestamp, file, phase, transactional, statements };
  const said = (
    inPlan: NonNullable<Rule['inPlan']>,
    isMeant: (statement: Observed | undefined) => boolean,
  ): readonly string[] => {
    const asked = rules.filter((rule) => rule.inPlan === inPlan);
    const problems = asked.flatMap((rule) => [...rule.check(judged, { targetVersion, batch: [judged] })]);
    const messages = problems.filter(({ statement }) => isMeant(statement)).map(({ message }) => message);
    return [...new Set(messages)];
  };
  return {
    // If it failed on the copy, the reason has already been reported.
    fails: error === undefined ? said('fails', (statement) => meetsRows(statement, scale)) : [],
    remarks: said('remark', (statement) => statement?.error === undefined),
  };
}

/** A block that processes the pages of a table changes nothing if there are none. */
function meetsRows(statement: Observed | undefined, scale: Scale): boolean {
  if (!statement || !nodeOf(statement.tree, 'DoStmt')) return true;
  return [...statement.tables.values()].some(
    (table) => table.hasNoIdentity && table.published.length > 0 && sizeOf(table, scale)?.rows !== 0,
  );
}
