import { plainName, quoteName, sqlTokens } from '../../sql/index.js';
import type { SqlToken } from '../../sql/index.js';

interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** The server's text of an expression, changed to refer to another column; undefined if it does not use the column. */
export function renamedIn(sql: string, { from, to }: Renaming): string | undefined {
  const tokens = [...sqlTokens(sql)];
  let isAbout = false;
  const texts = tokens.map(({ kind, text }, at) => {
    if ((kind !== 'name' && kind !== 'word') || plainName(text) !== from) return text;
    if (isOther(tokens, at)) return text;
    isAbout = true;
    return quoteName(to);
  });
  return isAbout ? texts.join('') : undefined;
}

/** Whether a name is that of a function, a type, a schema-qualified object or a collation. */
function isOther(tokens: readonly SqlToken[], at: number): boolean {
  const before = tokens
    .slice(0, at)
    .findLast(({ kind }) => kind !== 'space')
    ?.text.toUpperCase();
  const after = tokens[at + 1]?.text;
  return after === '(' || after === '.' || before === '.' || before === '::' || before === 'COLLATE';
}

/** The same in the first list of columns only: of the others in `FOREIGN KEY (a) REFERENCES t(a)` it is not about. */
export function inColumns(sql: string, renaming: Renaming): string | undefined {
  const [list = ''] = /\([^()]*\)/.exec(sql) ?? [];
  const changed = renamedIn(list, renaming);
  return changed === undefined ? undefined : sql.replace(list, () => changed);
}
