import { plainName } from './quote.js';
import type { Words } from './words.js';

const queries = new Set(['SELECT', 'VALUES', 'TABLE']);
const changes = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'];
const locks = [
  ['FOR', 'UPDATE'],
  ['FOR', 'NO', 'KEY'],
  ['FOR', 'SHARE'],
  ['FOR', 'KEY', 'SHARE'],
];

/** Whether a statement only reads, as far as its text shows: a function that it calls may still write. */
export function onlyReads(command: string, statement: Words): boolean {
  if (command === 'SHOW') return true;
  if (command === 'EXPLAIN') return !executes(statement) || !writes(statement);
  return queries.has(command) && !writes(statement);
}

/**
 * Whether a statement only reads and calls no function that might write. TypeORM's methods and guards such as "only if the table is
 * missing" send these.
 */
export function changesNothing(command: string, statement: Words): boolean {
  if (!onlyReads(command, statement)) return false;
  for (let at = 1; statement.token(at) !== undefined; at += 1)
    if (statement.peek(at) === '(' && mayCallOther(statement.from(at - 1))) return false;
  return true;
}

/** Whether parentheses after this token belong neither to the grammar nor to a function of PostgreSQL that only reads. */
function mayCallOther(before: Words): boolean {
  const token = before.token();
  if (token?.kind !== 'word' && token?.kind !== 'name') return false;
  const name = plainName(token.text);
  if (before.peek(-1) === '.' && plainName(before.peek(-2)).toLowerCase() !== 'pg_catalog') return true;
  return !beforeParentheses.has(name) && !reading.has(name) && !/^(?:pg_get_|to_reg|has_)\w+$/.test(name);
}

const beforeParentheses = new Set(
  `select distinct from join lateral where on using and or not in any all some exists as over filter by having union except intersect
   when then else case between like ilike is values array row limit offset char varchar varying numeric`.split(/\s+/),
);

const reading = new Set(
  `count min max sum avg bool_and bool_or array_agg string_agg json_agg jsonb_agg unnest generate_subscripts array_length
   array_position cast coalesce nullif greatest least lower upper length trim concat format replace quote_ident quote_literal
   current_schema current_schemas current_database current_setting version obj_description col_description format_type
   pg_table_is_visible pg_type_is_visible row_number now`.split(/\s+/),
);

/** EXPLAIN ANALYZE executes the statement that it explains. */
function executes(statement: Words): boolean {
  return statement.has('ANALYZE') || statement.has('ANALYSE');
}

function writes(statement: Words): boolean {
  // A changing command may be the first word, come after EXPLAIN and its options, or be part of a WITH.
  const changed = changes.some(
    (verb) => statement.has('(', verb) || statement.has(')', verb) || statement.has('ANALYZE', verb),
  );
  // SELECT INTO creates a table.
  return changed || statement.has('INTO') || locks.some((lock) => statement.has(...lock));
}

const ofTables = new Set(['CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'REINDEX', 'REFRESH', 'CLUSTER', 'COMMENT', 'LOCK']);

/** Whether a statement affects the schema or a whole table. */
export function locksTables(command: string): boolean {
  const [verb = ''] = command.split(' ');
  return ofTables.has(verb);
}

/** Whether a statement may drop or rename objects, either itself or in code that it executes. */
export function mayRemove(command: string, statement: Words): boolean {
  if (changesNothing(command, statement)) return false;
  const [verb = ''] = command.split(' ');
  if (['DROP', 'DO', 'CALL', 'EXECUTE'].includes(verb)) return true;
  if (verb !== 'ALTER') return statement.has('SELECT');
  return statement.has('DROP') || statement.has('RENAME') || statement.has('SET', 'SCHEMA');
}
