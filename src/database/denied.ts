import { messageOf, MigrateError } from '../errors.js';
import { generatedName, quoteName } from '../sql/index.js';
import type { FailedAt } from './failure.js';
import { ownTablesDamaged } from './damaged.js';
import { sqlState } from './failure.js';
import { quotedRole } from './role.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

interface Where {
  readonly tables: Tables;
  readonly client: SqlClient;
}

/** The error for a failure in our own tables, rather than in an object of the migration. */
export async function notRecorded(error: unknown, at: FailedAt, where: Where): Promise<MigrateError | undefined> {
  return (await mayNotRecord(error, at, where)) ?? (await ownTablesDamaged(error, at, where));
}

/** The role lacks a privilege on the ledger or the log. */
async function mayNotRecord(
  error: unknown,
  { migration, state }: FailedAt,
  { tables, client }: Where,
): Promise<MigrateError | undefined> {
  if (sqlState(error) !== '42501') return undefined;
  const { name, logName, ledger, log } = tables;
  const [, kind, denied = ''] = /^permission denied for (table|sequence) (.+)$/.exec(messageOf(error)) ?? [];
  const own = [name, logName].flatMap((table) => [table, generatedName(table, 'id', 'seq')]);
  if (!own.includes(denied)) return undefined;
  const role = await quotedRole(client);
  const sequence = kind === 'sequence' ? `; GRANT USAGE ON SEQUENCE ${quoteName(denied)} TO ${role}` : '';
  return new MigrateError({
    code: 'PERMISSION_DENIED',
    message: `This role may not write to the tables that record migrations, so ${migration} could not be recorded: ${messageOf(error)} (42501).\n${state}`,
    next: `As the owner of these tables: GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledger}, ${log} TO ${role}${sequence}; or migrate with the role that owns them.`,
    migration,
    cause: error,
  });
}
