import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { Paint } from '../../src/cli/io.js';
import { statusLines } from '../../src/cli/status-lines.js';
import { connectionError } from '../../src/database/connection-error.js';
import { initialise } from '../../src/database/initialise.js';
import { resolveSettings } from '../../src/options.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { encrypting } from '../support/tls-server.js';

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

const hba = `
host all postgres 127.0.0.1/32 trust
host all refused 127.0.0.1/32 reject
host all clear 127.0.0.1/32 password
host all scram 127.0.0.1/32 scram-sha-256
host all few,many 127.0.0.1/32 trust
`;
const plain = new Proxy({}, { get: () => (text: string) => text }) as Paint;
const add = migration('Add1700000000001', { up: ['CREATE TABLE a (id int)'] });

let server: Server;
const open: pg.Client[] = [];
beforeAll(async () => {
  server = await started({ settings: { max_connections: 10 }, files: { 'pg_hba.conf': hba } });
  const admin = await connected('postgres');
  await admin.query(
    `CREATE ROLE refused LOGIN; CREATE ROLE clear LOGIN PASSWORD 'x'; CREATE ROLE scram LOGIN PASSWORD 'x';
     CREATE ROLE few LOGIN CONNECTION LIMIT 1; CREATE ROLE many LOGIN`,
  );
  await admin.query('CREATE DATABASE narrow CONNECTION LIMIT 1');
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.end();
});
afterAll(() => server.stop());

async function started(how: object): Promise<Server> {
  const support = (await import(resolve('test/support/server.mjs'))) as { startServer(how: object): Promise<Server> };
  return support.startServer(how);
}

async function connected(user: string, database = 'postgres'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: as(user, database) });
  await client.connect();
  open.push(client);
  return client;
}

function as(user: string, database = 'postgres', at = server.url): string {
  const url = new URL(at);
  url.username = user;
  url.pathname = database;
  return url.href;
}

/** How a run and an app that connects fail with this address; both say the same. */
async function refusal(
  url: string,
): Promise<{ readonly message: string; readonly next: string; readonly code: string }> {
  const settings = { connect: { timeout: 300, retryEvery: 100 } };
  const run = await failureOf(using({ url, migrations: [add], settings }, (migrator) => migrator.run()));
  const dataSource = new DataSource({ type: 'postgres', url });
  const { signal } = new AbortController();
  const app = await failureOf(
    initialise({ dataSource, settings: resolveSettings(settings), onEvent: () => undefined, signal }),
  );
  const untried = ({ message }: Error): string => message.replace(/ \(tried \d+ times\)/, '');
  expect([app.code, untried(app), app.next]).toEqual([run.code, untried(run), run.next]);
  return run as Error & { code: string; next: string };
}

describe('a client that pg_hba.conf refuses', () => {
  const advice =
    'The pg_hba.conf of the server does not let this user connect to this database from this host. Let its administrator add a line for them (a provider may call it allowed addresses), or correct the address, in DATABASE_URL or where the data source gets it.';

  it.each([
    ['refused', /pg_hba\.conf rejects connection for host .*no encryption/],
    ['unknown', /no pg_hba\.conf entry for host .*no encryption/],
  ])('is told so, and not to encrypt what this server cannot encrypt (%s)', async (user, reason) => {
    const { code, message, next } = await refusal(as(user));
    expect([code, message, next]).toEqual([
      'AUTHENTICATION_FAILED',
      expect.stringMatching(reason),
      `${advice} Nothing was changed.`,
    ]);
  });

  it('is told that encryption may help where the server supports it', async () => {
    const proxy = await encrypting(server.url, 'encrypted');
    const { next } = await refusal(as('refused', 'postgres', proxy.url));
    expect(next).toBe(
      `${advice} The server supports encryption, and perhaps accepts this connection only with it (hostssl): then add sslmode=require to DATABASE_URL, or \`ssl\` to the data source. Nothing was changed.`,
    );
    proxy.close();
  });

  it('is not told to encrypt a connection that was encrypted', async () => {
    const proxy = await encrypting(server.url, 'refused');
    const { code, next } = await refusal(`${as('refused', 'postgres', proxy.url)}?sslmode=no-verify`);
    expect([code, next]).toEqual(['AUTHENTICATION_FAILED', `${advice} Nothing was changed.`]);
    proxy.close();
  });
});

describe('an address without a password', () => {
  it.each(['scram', 'clear'])('is told that the server asks for one, and where it belongs (%s)', async (user) => {
    process.env['SHOP_DB_USER'] = user;
    process.env['SHOP_DB_PASSWORD'] = '';
    try {
      const { code, message, next } = await refusal(as(user));
      expect([code, message, next]).toEqual([
        'AUTHENTICATION_FAILED',
        `Authentication failed at ${as(user)}: the server asks for a password, and none is given.`,
        'Add the password, in SHOP_DB_PASSWORD. Nothing was changed.',
      ]);
    } finally {
      delete process.env['SHOP_DB_USER'];
      delete process.env['SHOP_DB_PASSWORD'];
    }
  });
});

describe('a limit of connections', () => {
  const after = (which: string, condition: string, raise: string): unknown => [
    'CONNECTION_FAILED',
    `The server has as many connections as ${which} allows, and a run needs two at a time. To see which: SELECT pid, usename, datname, application_name, client_addr, state, state_change FROM pg_stat_activity${condition}; Close some of them (smaller pools, fewer replicas), then try again; or raise ${raise}. To wait longer or shorter: --connect-timeout 2min; in an app, the setting connect: { timeout: '2min' }. Nothing was changed.`,
  ];

  it('of a role is named, with what to do about it', async () => {
    await connected('few');
    const { code, message, next } = await refusal(as('few'));
    expect(message).toContain('too many connections for role "few"');
    expect([code, next]).toEqual(
      after(
        'the CONNECTION LIMIT of the role "few"',
        " WHERE usename = 'few'",
        'the limit: ALTER ROLE "few" CONNECTION LIMIT …',
      ),
    );
  });

  it('of a database is named', async () => {
    await connected('many', 'narrow');
    const { code, next } = await refusal(as('many', 'narrow'));
    expect([code, next]).toEqual(
      after(
        'the CONNECTION LIMIT of the database "narrow"',
        " WHERE datname = 'narrow'",
        'the limit: ALTER DATABASE "narrow" CONNECTION LIMIT …',
      ),
    );
  });

  it('of the server is named', async () => {
    while (await connected('many').catch(() => undefined));
    const { code, next } = await refusal(as('many'));
    expect([code, next]).toEqual(after('its setting max_connections', '', 'that setting, which needs a restart'));
  });
});

describe('a standby', () => {
  it('is named by status, which does not advise to run migrations there', async () => {
    const standby = await started({ files: { 'standby.signal': '' } });
    const { result } = await using({ url: standby.url, migrations: [add] }, (migrator) => migrator.status());
    const error = await failureOf(using({ url: standby.url, migrations: [add] }, (migrator) => migrator.run()));
    await standby.stop();
    const message = 'This server is a read-only standby: migrations cannot run on it.';
    expect([error.code, error.message]).toEqual(['READ_ONLY', `${message} Nothing was changed.`]);
    expect(error.next).toMatch(/^Use the address of the primary, in .*`nest-migrate wait --migrated`\.$/);
    expect(result.readOnly).toEqual({ standby: true, message, next: error.next });
    expect(statusLines(result, plain)).toEqual([
      '○ Add1700000000001  pending',
      '',
      `! ${message}`,
      `→ ${error.next}`,
      '',
      '0 migrations applied; 1 pending.',
    ]);
    const { readOnly: _reason, ...onPrimary } = result;
    expect(statusLines(onPrimary, plain).at(-1)).toBe('0 migrations applied; 1 pending: nest-migrate run.');
  });
});

describe('a server that answers, but does not let a client in', () => {
  it.each([
    [
      '57P03',
      'the database system is not yet accepting connections',
      'The server is starting, recovering or shutting down;',
    ],
    ['53100', 'could not extend file: No space left on device', 'Free disk space on the server, for tables'],
    ['XX000', 'could not write init file', 'The server has answered with this error'],
  ])('is not to be started (%s)', (code, text, advice) => {
    const error = Object.assign(new Error(text), { code });
    const { message, next } = connectionError(error, { shown: 'postgres://app@127.0.0.1:5432/shop' });
    expect(message).toBe(`No connection to postgres://app@127.0.0.1:5432/shop: ${text}.`);
    expect(next).toMatch(new RegExp(`^${advice}`));
  });
});

describe('a query of nest-migrate itself for which the server has no room', () => {
  it('is no bug, and the advice is what to free', async () => {
    const admin = await connected('postgres');
    await admin.query(
      `CREATE FUNCTION no_room() RETURNS event_trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
       CREATE EVENT TRIGGER no_room ON ddl_command_start EXECUTE FUNCTION no_room()`,
    );
    const { message, next } = await failureOf(
      using({ url: as('postgres'), migrations: [add] }, (migrator) => migrator.run()),
    );
    await admin.query('DROP EVENT TRIGGER no_room');
    expect(message).toBe(
      'A query of nest-migrate itself failed on the server: could not extend file: No space left on device (53100).',
    );
    expect(next).toMatch(/^Free disk space on the server, .*, then run the same command again\./);
  });
});
