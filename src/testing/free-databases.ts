import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { codeOf } from '../errors.js';
import { inUse } from '../shadow/drop-database.js';

/** The prefix of databases that a test file has given back: the next one takes such a database instead of a new copy of the template. */
export const free = 'nest_migrate_free_';
/** The number of databases to keep for each template. Each has its own files on the disk. */
const most = 8;

const unknownDatabase = '3D000';

/** Contains a part of the template's name, and when it was given back. */
function prefixFor(template: string): string {
  return `${free}${template.slice(-32, -8)}_`;
}

/** Gives a free database of this template the new name, if there is one. */
export async function takeFree(template: string, name: string, client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ readonly datname: string }>(
    `SELECT datname FROM pg_database d WHERE starts_with(datname, '${prefixFor(template)}')
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND backend_type = 'client backend')
      ORDER BY random()`,
  );
  for (const { datname } of rows) {
    try {
      await client.query(`ALTER DATABASE ${datname} RENAME TO ${name}`);
      return true;
    } catch (error) {
      // Another process has taken it first.
      if (codeOf(error) !== unknownDatabase && codeOf(error) !== inUse) throw error;
    }
  }
  return false;
}

/** Restores a database that is no longer used, and makes it free. Returns false if it has to be dropped. */
export async function giveBack(
  name: string,
  template: string,
  { client, config }: { readonly client: pg.Client; readonly config: pg.ClientConfig },
): Promise<boolean> {
  const { rows } = await client.query<{ readonly wanted: boolean; readonly now: string }>(
    `SELECT extract(epoch FROM now())::bigint AS now, pg_database_size('${name}') < 2 * pg_database_size('${template}')
         AND (SELECT count(*) < ${most} FROM pg_database WHERE starts_with(datname, '${prefixFor(template)}')) AS wanted`,
  );
  const [found] = rows;
  if (!found?.wanted || !(await isReset(config))) return false;
  const renamed = `${prefixFor(template)}${found.now}_${randomBytes(4).toString('hex')}`;
  await client.query(`ALTER DATABASE ${name} RENAME TO ${renamed}`);
  return true;
}

async function isReset(config: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ readonly reason: string | null }>(
      'SELECT nest_migrate_testing.reset() AS reason',
    );
    return rows[0]?.reason === null;
  } finally {
    await client.end();
  }
}
