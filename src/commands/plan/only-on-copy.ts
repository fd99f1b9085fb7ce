import type { SqlClient } from '../../database/sql-client.js';
import { codeOf, messageOf } from '../../errors.js';
import { missingExtension, shadowFlag } from '../../shadow/another-shadow.js';
import { missingRole } from '../../shadow/missing-roles.js';
import type { Tried } from './observe-pending.js';

/** Why a migration failed on the copy: because of something that only the live server has, or that only the copy has. */
export async function onlyOnCopy(client: SqlClient, { error }: Pick<Tried, 'error'>): Promise<string | undefined> {
  const cause = (error as { readonly cause?: unknown } | undefined)?.cause ?? error;
  if (cause === undefined) return undefined;
  const has = async (sql: string, name: string): Promise<boolean> => (await client.query(sql, [name])).rows.length > 0;
  const extension = missingExtension(cause);
  if (extension !== undefined && (await has('SELECT FROM pg_available_extensions WHERE name = $1', extension)))
    return `The shadow does not have the extension ${extension}, which the server has. ${another}`;
  const missing = missingRole(cause);
  if (missing !== undefined && (await has(roleSql, missing)))
    return `The shadow does not have the role ${missing}, which the server has. ${another}`;
  const made = codeOf(cause) === '42710' ? /^role "(.+)" already exists$/.exec(messageOf(cause))?.[1] : undefined;
  if (made !== undefined && !(await has(roleSql, made)))
    return `The shadow already has the role ${made}, which the server does not have. ${another}`;
  return undefined;
}

const roleSql = 'SELECT FROM pg_roles WHERE rolname = $1';
const another = `Choose another shadow: ${shadowFlag}`;
