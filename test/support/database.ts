import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  query(sql: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** A connection of its own, closed by `drop()` at the latest. */
  client(): Promise<pg.Client>;
  /** The same database for another user. */
  urlFor(user: string, password: string): string;
  /** Closes its connections, so that it can be a template. */
  disconnect(): Promise<void>;
  drop(): Promise<void>;
}

export function serverUrl(): string {
  const url = process.env['TEST_SERVER_URL'];
  if (!url) throw new Error('There is no test server: run the tests with `npm test`, which starts one.');
  return url;
}

/** A new database on the test server: empty, or a copy of another one, which must have no connections meanwhile. */
export async function createDatabase(template = 'template1'): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await asAdmin(async (admin) => {
    // Before 15 there is no other way, and no word for it.
    const strategy = (await versionOf(admin)) < 150_000 ? '' : 'STRATEGY file_copy';
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} ${strategy}`);
  });
  const url = serverUrl().replace(/\/postgres$/, `/${name}`);
  const open: pg.Client[] = [];
  const client = async (): Promise<pg.Client> => {
    const connection = new pg.Client({ connectionString: url, application_name: 'test' });
    connection.on('error', () => undefined);
    await connection.connect();
    open.push(connection);
    return connection;
  };
  let own: Promise<pg.Client> | undefined;
  const disconnect = async (): Promise<void> => {
    own = undefined;
    await Promise.all(open.splice(0).map((connection) => connection.end().catch(() => undefined)));
  };
  return {
    name,
    url,
    client,
    query: async (sql, parameters) =>
      (await (await (own ??= client())).query(sql, parameters as unknown[])).rows as Record<string, unknown>[],
    urlFor: (user, password) =>
      url.replace('postgres@', `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`),
    disconnect,
    drop: async () => {
      await disconnect();
      await asAdmin((admin) => dropDatabase(admin, name));
    },
  };
}

/** As the server says it: 150018. */
export async function serverVersion(): Promise<number> {
  return asAdmin(versionOf);
}

let version: Promise<number> | undefined;

function versionOf(client: pg.ClientBase): Promise<number> {
  return (version ??= client
    .query<{ readonly server_version_num: string }>('SHOW server_version_num')
    .then(({ rows }) => Number(rows[0]?.server_version_num)));
}

/** A login role, for what a superuser is always allowed to do. */
export async function createRole(
  attributes = '',
): Promise<{ readonly name: string; readonly password: string; drop(): Promise<void> }> {
  const name = `r_${randomBytes(6).toString('hex')}`;
  const password = `s3cret-${randomBytes(4).toString('hex')}`;
  await asAdmin((admin) => admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' ${attributes}`));
  return {
    name,
    password,
    drop: () => asAdmin((admin) => admin.query(`DROP ROLE IF EXISTS ${name}`)).then(() => undefined),
  };
}

/** What the server has logged since `mark` of this database; set log_statement first. */
export function serverLog(database: TestDatabase, mark = 0): readonly string[] {
  const lines = readFileSync(process.env['TEST_SERVER_LOG'] ?? '', 'utf8')
    .slice(mark)
    .split('\n');
  return lines.filter((line) => line.includes(`@${database.name} `));
}

/**
 * Once its sessions have ended: FORCE would end connections that are just being closed, with an error that the test does not expect. What a
 * test has left open is ended after a second; without FORCE, the server would wait five seconds for it each time.
 */
async function dropDatabase(admin: pg.ClientBase, name: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { rowCount } = await admin.query('SELECT FROM pg_stat_activity WHERE datname = $1', [name]);
    if (rowCount === 0) break;
    await sleep(20);
  }
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

let admins: pg.Pool | undefined;

/** Connections are used again: a new one costs the server as much as dropping a database. They close by themselves, and keep no process alive. */
async function asAdmin<T>(work: (admin: pg.ClientBase) => Promise<T>): Promise<T> {
  admins ??= new pg.Pool({ connectionString: serverUrl(), max: 4, idleTimeoutMillis: 500, allowExitOnIdle: true })
    // A lost connection is replaced by the next one.
    .on('error', () => undefined);
  const admin = await admins.connect();
  try {
    return await work(admin);
  } finally {
    admin.release();
  }
}
