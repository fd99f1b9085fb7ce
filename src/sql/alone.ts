import type { Command } from './command.js';
import type { Words } from './words.js';

const always = new Set([
  'VACUUM',
  'CREATE DATABASE',
  'DROP DATABASE',
  'CREATE TABLESPACE',
  'DROP TABLESPACE',
  'ALTER SYSTEM',
  'REINDEX SCHEMA',
  'REINDEX DATABASE',
  'REINDEX SYSTEM',
  'DISCARD ALL',
  'COMMIT PREPARED',
  'ROLLBACK PREPARED',
]);
/** These depend on the database: a table may be partitioned, a subscription may have a slot, a procedure may commit. */
const perhaps = new Set([
  'CLUSTER',
  'REINDEX TABLE',
  'REINDEX INDEX',
  'ALTER SUBSCRIPTION',
  'DROP SUBSCRIPTION',
  'CALL',
]);

/** `rest` is the part of the statement after the command and its name. */
export function runsAlone({ command, concurrently }: Command, rest: Words): 'always' | 'perhaps' | 'never' {
  if (always.has(command) || (concurrently && command !== 'REFRESH MATERIALIZED VIEW')) return 'always';
  if (command === 'CLUSTER' && isOfAllTables(rest)) return 'always';
  if (command === 'ALTER DATABASE') return rest.has('SET', 'TABLESPACE') ? 'always' : 'never';
  if (command === 'ALTER TABLE')
    return rest.has('DETACH', 'PARTITION') && rest.has('CONCURRENTLY') ? 'always' : 'never';
  // Without a connection or a slot, nothing is done on the other server.
  if (command === 'CREATE SUBSCRIPTION') return rest.has('CONNECT') || rest.has('CREATE_SLOT') ? 'perhaps' : 'always';
  return perhaps.has(command) ? 'perhaps' : 'never';
}

function isOfAllTables(rest: Words): boolean {
  rest.takeParentheses();
  rest.take('VERBOSE');
  return rest.token() === undefined;
}
