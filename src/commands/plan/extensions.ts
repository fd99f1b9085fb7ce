import type { DataSource } from 'typeorm';
import type { SqlClient } from '../../database/sql-client.js';
import { commandOf } from '../../sql/index.js';
import { createExtensions } from '../../typeorm/driver.js';
import { mayInstall } from './ask-server.js';

/** The statements with which the run will install extensions when TypeORM connects, without the ones that the server will refuse. */
export async function extensionsOfRun(dataSource: DataSource, live: SqlClient): Promise<readonly string[]> {
  const statements: string[] = [];
  await createExtensions(dataSource, (sql) => Promise.resolve(void statements.push(sql)));
  const installed: string[] = [];
  for (const sql of statements) {
    const name = commandOf(sql).name?.at(-1);
    if (name !== undefined && (await mayInstall(live, name))) installed.push(sql);
  }
  return installed;
}
