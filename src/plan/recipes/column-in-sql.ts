import { plainName, quoteName, sqlTokens } from '../../sql/index.js';

interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** An expression as the server prints it, about another column; undefined when it is not about the column at all. */
export function renamedIn(sql: string, { from, to }: Renaming): string | undefined {
  let result = '';
  let end = 0;
  for (const { kind, text, index } of sqlTokens(sql)) {
    if ((kind !== 'name' && kind !== 'word') || plainName(text) !== from) continue;
    // A function, a type, a name with its schema, a collation.
    const isOther = /^[(.]/.test(sql.slice(index + text.length)) || /(?:::|\.|\bCOLLATE )$/.test(sql.slice(0, index));
    if (isOther) continue;
    result += sql.slice(end, index) + quoteName(to);
    end = index + text.length;
  }
  return end === 0 ? undefined : result + sql.slice(end);
}

/** The same in the first list of columns only: of the others in `FOREIGN KEY (a) REFERENCES t(a)` it is not about. */
export function inColumns(sql: string, renaming: Renaming): string | undefined {
  const [list = ''] = /\([^()]*\)/.exec(sql) ?? [];
  const changed = renamedIn(list, renaming);
  return changed === undefined ? undefined : sql.replace(list, () => changed);
}
