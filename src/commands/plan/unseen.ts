import type { Observed } from '../../observe/observed.js';
import { nodeOf, tagOf } from '../../observe/parser.js';
import { ofTypeorm } from '../../rules/process/held.js';
import { classify } from '../../sql/index.js';
import { endsTransactions, hiddenIn } from './row-changes.js';

/** Effects that a statement has only if there are rows, so that they were not observed on a copy without rows. */
export function unseenIn(statement: Observed, isClass: boolean): string | undefined {
  const { tree, tables } = statement;
  if (nodeOf(tree, 'DoStmt')) {
    const [code] = classify(statement.sql);
    const changes = ['UPDATE', 'DELETE', 'MERGE'].some((verb) => code?.mentions(verb));
    if (!changes || endsTransactions(statement) || hiddenIn(statement).length > 0) return undefined;
    return 'A block may change rows. A copy without rows does not show which and how many: not known.';
  }
  // An SQL file does nothing with the rows that it reads.
  if (!isClass || !tree || tagOf(tree) !== 'SelectStmt') return undefined;
  const read = [...tables.values()]
    .filter(({ isNew, name }) => !isNew && !ofTypeorm.has(name))
    .map(({ schema, name }) => `${schema}.${name}`);
  if (read.length === 0) return undefined;
  return `It reads rows of ${read.join(', ')}. A copy without rows does not show what it does with them: not known.`;
}
