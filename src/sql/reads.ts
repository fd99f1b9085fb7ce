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
  const [verb = ''] = command.split(' ');
  if (['DROP', 'DO', 'CALL', 'EXECUTE'].includes(verb)) return true;
  if (verb !== 'ALTER') return statement.has('SELECT');
  return statement.has('DROP') || statement.has('RENAME') || statement.has('SET', 'SCHEMA');
}
