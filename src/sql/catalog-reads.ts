import { classify } from './classify.js';
import { plainName } from './quote.js';
import { statementsOf } from './split.js';
import { Words } from './words.js';

/** Whether a text only reads, and only from the system catalogs: it finds no rows of tables. */
export function readsOnlyCatalogs(sql: string): boolean {
  const isReading = classify(sql).every(({ command, changesNothing }) => command !== 'TABLE' && changesNothing);
  return isReading && [...statementsOf(sql)].every((tokens) => namesOnlyCatalogs(Words.of(tokens)));
}

function namesOnlyCatalogs(statement: Words): boolean {
  for (let at = 0; statement.token(at) !== undefined; at += 1)
    if (['FROM', 'JOIN', 'TABLE'].includes(statement.peek(at)) && !isListOfCatalogs(statement.from(at + 1)))
      return false;
  return true;
}

/** What comes after FROM: names, functions and queries, which are looked at themselves. */
function isListOfCatalogs(list: Words): boolean {
  do {
    list.take('LATERAL');
    if (list.peek() !== '(') {
      const name = list.takeName();
      const isFunction = list.peek() === '(';
      if (!isFunction && !isCatalog(name)) return false;
    }
    if (list.peek() === '(') list.skipPart();
    list.take('AS');
    // The alias.
    if (list.peek(1) === ',') list.skip(1);
  } while (list.take(','));
  return true;
}

function isCatalog(name: readonly string[] | undefined): boolean {
  const [first = '', ...more] = (name ?? []).map(plainName);
  return more.length > 0 ? ['pg_catalog', 'information_schema'].includes(first) : first.startsWith('pg_');
}
