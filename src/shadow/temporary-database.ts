import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { causeOf, checkAddress, parseAddress, placeOf, reasonOf, showAddress } from '../data-source/address.js';
import { configFromUrl, connectionFromUrl } from '../data-source/url.js';
import { quotedRole } from '../database/role.js';
import { codeOf, MigrateError } from '../errors.js';
import { dropDatabase } from './drop-database.js';
import type { Place } from './place.js';
import { asOptions } from './session-settings.js';
import type { SessionSettings } from './session-settings.js';

const prefix = 'nest_migrate_shadow_';
const shadowServer = 'The address of the shadow server';

/** A temporary database on a server. Also removes leftovers of earlier processes. Needs only CREATEDB. */
export async function createTemporaryDatabase(url: string, settings: SessionSettings): Promise<Place> {
  checkAddress(url, shadowServer);
  const name = `${prefix}${Date.now()}_${randomBytes(4).toString('hex')}`;
  await onServer(url, async (client) => {
    await removeLeftovers(client);
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  });
  const own = parseAddress(url);
  own.pathname = `/${name}`;
  const options = `${own.searchParams.get('options') ?? ''} ${asOptions(settings)}`.trim();
  if (options !== '') own.searchParams.set('options', options);
  return {
    connection: { ...connectionFromUrl(own.href, shadowServer), poolSize: 4 },
    openPool: () => new pg.Pool({ ...configFromUrl(own.href, shadowServer), max: 4 }),
    resetSession: 'RESET ALL',
    remove: () => onServer(url, (client) => dropDatabase(client, name)),
  };
}

/** Databases of ended processes: those in use have connections, or are very new. */
async function removeLeftovers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    `SELECT datname FROM pg_database d WHERE datname LIKE '${prefix.replaceAll('_', '\\_')}%'
       AND pg_has_role(datdba, 'MEMBER') AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)`,
  );
  for (const { datname } of rows) {
    const made = Number(datname.slice(prefix.length).split('_')[0]);
    if (Date.now() - made < 600_000) continue;
    await client.query(`DROP DATABASE IF EXISTS "${datname}"`).catch(() => undefined);
  }
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...configFromUrl(url, shadowServer), application_name: 'nest-migrate shadow' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    const next =
      codeOf(error) === '42501'
        ? `Give the role CREATEDB: ALTER ROLE ${await quotedRole(client)} CREATEDB`
        : 'Correct --shadow; or leave it out: then PostgreSQL runs in the process.';
    const shown = showAddress(url);
    throw new MigrateError({
      code: 'CONNECTION_FAILED',
      message: `No shadow database could be created at ${placeOf(shown)}: ${reasonOf(error, shown)}.`,
      next,
      cause: causeOf(error, shown),
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
