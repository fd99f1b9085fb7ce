import type { DataSource } from 'typeorm';
import type { SqlClient } from '../../database/sql-client.js';
import { commandOf } from '../../sql/index.js';
import { createExtensions } from '../../typeorm/driver.js';
import { mayInstall } from './ask-server.js';

/** The statements with which the run will install extensions when TypeORM connects, without the ones that the server will refuse. */
export async function extensionsOfRun(dataSource: DataSource, live: SqlClient): Promise<readonly string[]> {
  const found: { readonly sql: string; readonly name: string }[] = [];
  await createExtensions(dataSource, async (sql) => {
    const { command, name } = commandOf(sql);
    // Older versions of TypeORM also ask for the version of the server.
    if (command !== 'CREATE EXTENSION') return live.query(sql);
    found.push({ sql, name: name?.at(-1) ?? '' });
    return undefined;
  });
  const installed: string[] = [];
  for (const { sql, name } of found) if (await mayInstall(live, name)) installed.push(sql);
  return installed;
}
