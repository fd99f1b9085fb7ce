import { serverErrorBelow } from '../database/failure.js';
import type { MigrateError } from '../errors.js';
import { withoutPasswords } from '../passwords.js';
import { helpOn } from './help-on.js';

/** The JSON of an error. Fields without a value are left out. */
export function asJson(error: MigrateError): object {
  const { code, message, next, migration, statement, sql, finished, statements } = error;
  const told = {
    code,
    message,
    next,
    help: helpOn(code),
    migration,
    statement,
    sql,
    ...serverFields(error),
    ...(finished.length > 0 && { finished }),
  };
  return statements === undefined ? { error: told } : { statements, error: told };
}

function serverFields(error: MigrateError): object {
  const server = serverErrorBelow(error);
  if (server === undefined) return {};
  // The server quotes values of rows and parts of the statement.
  const safe = (text: string | undefined) => text && withoutPasswords(text, error.sql);
  return {
    sqlState: server.code,
    table: server.table,
    constraint: server.constraint,
    detail: safe(server.detail),
  };
}
