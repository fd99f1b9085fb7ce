import { messageOf } from '../errors.js';
import { extensionOfType, extensionsCalledIn } from '../schema/extension-of.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
import { sqlState } from './failure.js';
import { refusedExtension } from './refused-extension.js';
import type { SqlClient } from './sql-client.js';

/**
 * The next step if a statement uses a function or a type of an extension that is not installed, or that is in a schema which is not searched.
 * TypeORM, which installs some extensions when it connects, says nothing if the role may not do that.
 */
export async function missingExtension(client: Pick<SqlClient, 'query'>, error: unknown): Promise<string | undefined> {
  if (!['42883', '42704'].includes(sqlState(error) ?? '')) return undefined;
  const type = /^type "(?:.+\.)?(.+)" does not exist$/.exec(messageOf(error))?.[1];
  const [called] = extensionsCalledIn(messageOf(error));
  const extension = called?.extension ?? extensionOfType(type ?? '');
  if (extension === undefined) return undefined;
  const found = await client
    .query(
      `SELECT n.nspname AS schema, current_setting('search_path') AS path
       FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = ${quoteLiteral(extension)}`,
    )
    .catch(() => undefined);
  if (found === undefined) return undefined;
  const what = `${called?.call ?? `The type ${type ?? ''}`} belongs to the extension ${extension}`;
  const [there] = found.rows as readonly { readonly schema: string; readonly path: string }[];
  if (there !== undefined)
    return `${what}, which is in the schema ${quoteName(there.schema)}, and the search_path is ${there.path}. Add that schema to it in the data source: extra: { options: '-c search_path=…' }.`;
  const missing = `${what}, which is not installed in this database.`;
  const create = `CREATE EXTENSION IF NOT EXISTS ${quoteName(extension)};`;
  const refused = await client.query(refusedExtension, [extension]).catch(() => undefined);
  const [refusal] = refused?.rows ?? [];
  if (refusal?.['isAbsent'] === true)
    return `${missing} The server does not have it either: install its package on the server, then ${create} Then run again.`;
  return refused !== undefined && refusal === undefined
    ? `${missing} This role may install it, once: ${create} Then run again.`
    : `${missing} Ask an administrator to install it, once: ${create} Then run again.`;
}
