import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../errors.js';
import type { SqlClient } from '../database/sql-client.js';

/** The server's error if something is connected to a database. */
export const inUse = '55006';

/** Waits for connections that are being closed: FORCE would end them with an error that is no longer handled. */
export async function dropDatabase(client: Pick<SqlClient, 'query'>, name: string): Promise<void> {
  for (const deadline = Date.now() + 2000; Date.now() < deadline; await sleep(20)) {
    try {
      await client.query(`DROP DATABASE IF EXISTS ${name}`);
      return;
    } catch (error) {
      if (codeOf(error) !== inUse) throw error;
    }
  }
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
