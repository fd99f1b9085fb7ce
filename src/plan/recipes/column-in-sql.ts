import { sqlTokens } from '../../files/sql-tokens.js';
import { quoteIdent } from '../../schema/object-id.js';

interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** An expression as the server prints it, about another column; undefined when it is not about the column at all. */
export function renamedIn(sql: string, { from, to }: Renaming): string | undefined {
  let result = '';
  let end = 0;
  for (const { text, index } of sqlTokens(sql)) {
    if (nameOf(text) !== from) continue;
    // A function, a type, a name with its schema, a collation.
    const isOther = /^[(.]/.test(sql.slice(index + text.length)) || /(?:::|\.|\bCOLLATE )$/.test(sql.slice(0, index));
    if (isOther) continue;
    result += sql.slice(end, index) + quoteIdent(to);
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

function nameOf(token: string): string | undefined {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"');
  return /^[A-Za-z_\u0080-\uffff]/.test(token) ? token.toLowerCase() : undefined;
}
