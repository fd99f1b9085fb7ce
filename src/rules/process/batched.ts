import { nameOf } from '../../observe/catalog.js';
import type { TableFacts } from '../../observe/catalog.js';
import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { ident, sqlName } from '../look.js';
import { classify } from '../../sql/index.js';

const introduction =
  '-- In a migration of its own, without a transaction (transaction = false); each batch is a transaction of its own.';

/** An UPDATE or DELETE in batches, in the order of the primary key. It can be interrupted, and repeated if its WHERE skips finished rows. */
export function batched(statement: Observed): string {
  const change = nodeOf(statement.tree, 'UpdateStmt') ?? nodeOf(statement.tree, 'DeleteStmt');
  const table = change?.relation && statement.tables.get(nameOf(change.relation));
  const key = table && onlyKeyOf(table);
  const parts = splitAtWhere(statement.sql);
  const isPlain = !change?.withClause && !change?.relation?.alias;
  const reachesOthers =
    (nodeOf(statement.tree, 'UpdateStmt')?.fromClause ?? nodeOf(statement.tree, 'DeleteStmt')?.usingClause ?? [])
      .length > 0;
  if (!table || key === undefined || !parts || !isPlain || reachesOthers)
    return `${introduction}\n-- Use a DO block that loops over ranges of the primary key, with a COMMIT after each range.`;
  const [head, condition] = parts;
  const column = ident(key);
  const where = condition === undefined ? '' : `(${condition}) AND `;
  const name = sqlName(table);
  return `${introduction}
DO $$
DECLARE
  first_of_batch ${name}.${column}%TYPE;
  first_of_next ${name}.${column}%TYPE;
BEGIN
  SELECT ${column} INTO first_of_batch FROM ${name} ORDER BY ${column} LIMIT 1;
  WHILE first_of_batch IS NOT NULL LOOP
    SELECT ${column} INTO first_of_next FROM ${name} WHERE ${column} >= first_of_batch ORDER BY ${column} OFFSET 5000 LIMIT 1;
    ${head}
    WHERE ${where}${column} >= first_of_batch AND (first_of_next IS NULL OR ${column} < first_of_next);
    COMMIT;
    first_of_batch := first_of_next;
  END LOOP;
END $$;`;
}

function onlyKeyOf({ constraints }: TableFacts): string | undefined {
  const key = constraints.find(({ type }) => type === 'primary key');
  return key?.columns.length === 1 ? key.columns[0] : undefined;
}

/** Undefined if its own WHERE cannot be told from others, or if a dollar quote would end the block. */
function splitAtWhere(sql: string): readonly [string, string | undefined] | undefined {
  const [statement] = classify(sql);
  if (!statement || sql.includes('$') || statement.mentions('SELECT') || statement.mentions('RETURNING'))
    return undefined;
  const [head = '', condition, ...more] = statement.splitAt('WHERE');
  // A line comment at the end would swallow the text that is appended.
  return more.length > 0 || head.includes('--') || condition?.includes('--') ? undefined : [head, condition];
}
