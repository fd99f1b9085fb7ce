import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { codeOf } from '../errors.js';
import { dropDatabase, inUse } from '../shadow/drop-database.js';
import { quoteLiteral } from '../sql/index.js';
import { hashOf } from '../shadow/cache.js';
import { initialStateOf } from '../shadow/initial-state.js';
import type { InitialState } from '../shadow/initial-state.js';
import { versionsOfEngines } from '../shadow/versions.js';
import type { Clone } from './clone.js';
import { fill } from './fill.js';
import { free, giveBack, takeFree } from './free-databases.js';
import { filling, identityOf } from './identity.js';
import type { Identity } from './identity.js';
import type { TestProject } from './project.js';
import { seedKey } from './seed-key.js';
import { onServer, serverOf } from './server.js';
import type { Server } from './server.js';
import { stateSql } from './state-sql.js';

/** The prefix of databases that belong to one test file, or that are unfinished: without a connection, they are leftovers. */
const own = 'nest_migrate_test_';
/** The prefix of cached, migrated databases. */
const kept = 'nest_migrate_template_';

interface Template {
  readonly name: string;
  readonly isKept: boolean;
}

/** A migrated database on a server: a copy of a template that is created once. */
export async function cloneOnServer(project: TestProject): Promise<Clone> {
  const server = serverOf(project.server ?? true, project.dataSource);
  const initial = await initialStateOf(project);
  // Found while the connection is being opened.
  const identity = Promise.resolve().then(() => identityOf(project));
  identity.catch(() => undefined);
  let tidied: Promise<void> | undefined;
  const { name, template } = await new Promise<Copy>((resolve, reject) => {
    tidied = onServer(server, async (client) => {
      resolve(await copyFor(project, { client, server, initial, identity }));
      // The test need not wait for this.
      await removeLeftovers(client);
    }).catch(reject);
  });
  const url = server.url(name);
  return {
    connection: server.connection(name, initial.settings),
    ...(url !== undefined && { url }),
    openPool: () => new pg.Pool({ ...server.config(name, initial.settings), max: 1 }),
    refill: () =>
      onServer(server, async (client) => {
        await dropDatabase(client, name);
        await client.query(`CREATE DATABASE ${name} TEMPLATE ${template.name}`);
      }),
    remove: async () => {
      await tidied;
      await onServer(server, async (client) => {
        const reset = { client, config: server.config(name, initial.settings) };
        const isFree = mayBeFree(project, template) && (await giveBack(name, template.name, reset).catch(() => false));
        if (!isFree) await dropDatabase(client, name);
        if (!template.isKept) await dropDatabase(client, template.name);
      });
    },
  };
}

interface Copy {
  readonly name: string;
  readonly template: Template;
}

async function copyFor(project: TestProject, making: Making): Promise<Copy> {
  const { client } = making;
  const template = await templateFor(project, making);
  const name = await newName(client);
  const isTaken = template.isKept && (await takeFree(template.name, name, client));
  if (!isTaken) await copy(template.name, name, client);
  return { name, template };
}

/** What a function has inserted, and what the tests of a migration have done, stays in the database. */
function mayBeFree({ seed, only }: TestProject, { isKept }: Template): boolean {
  return isKept && typeof seed !== 'function' && only === undefined;
}

interface Making {
  readonly client: pg.Client;
  readonly server: Server;
  readonly initial: InitialState;
  readonly identity: Promise<Identity>;
}

/** The first process that needs the template creates it, while others wait. */
async function templateFor(project: TestProject, making: Making): Promise<Template> {
  const { client } = making;
  const identity = await making.identity;
  const { rows } = await client.query<{ readonly server: string }>(
    `SELECT current_setting('server_version_num') || ' ' || current_user AS server`,
  );
  const { key } = identity;
  const parts = key && [...versionsOfEngines(), stateSql, key, await seedKey(project), rows[0]?.server ?? ''];
  const name = kept + (parts ? hashOf(parts).slice(0, 32) : '');
  if (parts && (await isThere(client, name))) return { name, isKept: true };
  await client.query(`SELECT pg_advisory_lock(hashtext(${quoteLiteral(name)}))`);
  try {
    if (parts && (await isThere(client, name))) return { name, isKept: true };
    const draft = await newName(client);
    const { isSure } = await filling(identity, () => make(draft, project, making));
    if (!parts || !isSure) return { name: draft, isKept: false };
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
    return { name, isKept: true };
  } finally {
    await client.query('SELECT pg_advisory_unlock_all()');
  }
}

async function make(name: string, project: TestProject, { client, server, initial }: Making): Promise<void> {
  await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  try {
    const connection = server.connection(name, initial.settings);
    const openPool = (): pg.Pool => new pg.Pool({ ...server.config(name, initial.settings), max: 1 });
    await fill({ connection, openPool, resetSession: 'RESET ALL' }, project);
  } catch (error) {
    await dropDatabase(client, name);
    throw error;
  }
}

/** Whether the template exists; using it postpones its removal. */
async function isThere(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ readonly used: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS used FROM pg_database WHERE datname = '${name}'`,
  );
  const today = new Date().toISOString().slice(0, 10);
  if (rows[0] !== undefined && rows[0].used !== today)
    // Two concurrent statements would change the same row, and one of them would fail.
    await client.query(`COMMENT ON DATABASE ${name} IS '${today}'`).catch(() => undefined);
  return rows[0] !== undefined;
}

async function copy(template: string, name: string, client: pg.Client): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      return;
    } catch (error) {
      // The session that has filled the template is still closing.
      if (codeOf(error) !== inUse || attempt === 100) throw error;
      await sleep(20);
    }
  }
}

/** Contains the time of the server, because a process may be about to connect to a new database. */
async function newName(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ readonly now: string }>('SELECT extract(epoch FROM now())::bigint AS now');
  return `${own}${rows[0]?.now ?? 0}_${randomBytes(6).toString('hex')}`;
}

/**
 * Removes databases to which nothing is connected: leftovers of ended processes, restored ones that were not used for an hour, and templates
 * that were not used for a week.
 */
async function removeLeftovers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ readonly datname: string }>(
    `SELECT datname FROM pg_database d
      WHERE pg_has_role(datdba, 'MEMBER') AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
        AND (datname ~ '^${own}[0-9]+_' AND substring(datname FROM '${own}([0-9]+)')::bigint < extract(epoch FROM now()) - 60
          OR datname ~ '^${free}' AND split_part(substring(datname FROM ${free.length + 1}), '_', 2)::bigint < extract(epoch FROM now()) - 3600
          OR datname ~ '^${kept}' AND shobj_description(oid, 'pg_database')::date < now()::date - 7)`,
  );
  for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS ${datname}`).catch(() => undefined);
}
