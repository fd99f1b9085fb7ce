import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { defineDataSource } from '../../src/data-source/define.js';
import { describeConnection, showConnection } from '../../src/data-source/describe.js';
import { connectionError } from '../../src/database/connection-error.js';
import { messageOf, MigrateError } from '../../src/errors.js';
import { withoutPasswords } from '../../src/passwords.js';
import { runCli, runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { addressesWith, passwordFrom, shownIn } from '../support/passwords.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { Random } from '../support/random.js';
import { itInFull, sample } from '../support/sample.js';

const before = { ...process.env };
const { stackTraceLimit } = Error;
afterEach(() => {
  process.env = { ...before };
  Error.stackTraceLimit = stackTraceLimit;
});

/** What of what it makes, or throws, could be printed. */
function printed(work: () => unknown): string {
  try {
    return inspect(work(), { depth: 1 });
  } catch (error) {
    return inspect(error, { depth: 9 });
  }
}

function madeFrom(url: string): DataSource | undefined {
  try {
    return new DataSource({ type: 'postgres', url });
  } catch {
    return undefined;
  }
}

/** What `pg` and the server say where they quote what they have read in an address. */
function driverErrors(url: string): readonly Error[] {
  let read: pg.Client;
  try {
    read = new pg.Client({ connectionString: url });
  } catch (error) {
    return [error as Error, Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: url })];
  }
  const { host, user, database } = read;
  const port = String(read.port);
  const says = (message: string, code: string, more = {}): Error =>
    Object.assign(new Error(message), { code, ...more });
  return [
    says(`getaddrinfo ENOTFOUND ${host}`, 'ENOTFOUND', { hostname: host }),
    says(`connect ENOENT ${host}/.s.PGSQL.${port}`, 'ENOENT', { address: `${host}/.s.PGSQL.${port}` }),
    says(`connect ECONNREFUSED 127.0.0.1:${port}`, 'ECONNREFUSED', { port }),
    says(`database "${database}" does not exist`, '3D000'),
    says(`Datenbank „${database}“ existiert nicht`, '3D000'),
    says(`password authentication failed for user "${user}"`, '28P01'),
    says(`no pg_hba.conf entry for host "::1", user "${user}", database "${database}", no encryption`, '28000'),
    new RangeError(`Port should be >= 0 and < 65536. Received type number (${port}).`),
  ];
}

describe('no part of a password is shown', () => {
  it.each(sample([1, 2, 3, 4], 4))('in anything derived from an address, valid or malformed (seed %i)', (seed) => {
    const random = new Random(seed);
    const place = { user: 'app', host: 'db.internal', port: 5432, database: 'shop' };
    // Where errors come from makes no difference here, and finding it out would take most of the time.
    Error.stackTraceLimit = 0;
    for (let n = 0; n < 25; n++) {
      const password = passwordFrom(random);
      for (const url of addressesWith(password, place, random)) {
        const dataSource = madeFrom(url);
        const texts = [
          printed(() => describeConnection(defineDataSource({ envFile: [], url }))),
          printed(() => describeConnection(defineDataSource({ envFile: [], embedded: url }))),
          printed(() => describeConnection(new DataSource({ type: 'postgres', host: url }))),
          ...(dataSource === undefined ? [] : [printed(() => describeConnection(dataSource))]),
          ...(dataSource === undefined
            ? []
            : driverErrors(url).map((error) =>
                printed(() => connectionError(error, { shown: showConnection(dataSource) })),
              )),
        ];
        process.env['DATABASE_URL'] = url;
        texts.push(
          printed(() => describeConnection(defineDataSource({ envFile: [] }))),
          printed(() => describeConnection(defineDataSource({ envFile: [], database: 'other' }))),
          // The user's own code repeats it.
          printed(
            () => new MigrateError({ code: 'INTERNAL', message: `Invalid: ${url}!`, next: '', cause: new Error(url) }),
          ),
          messageOf(new TypeError(`"${url}" is no address`)),
        );
        delete process.env['DATABASE_URL'];
        for (const text of texts) {
          const parts = shownIn(text, password);
          if (parts.length > 0) expect({ url, text, parts }).toEqual({ url, text, parts: [] });
        }
      }
    }
  });

  it('and nothing else is hidden', () => {
    const text = [
      'password authentication failed for user "app"',
      'CREATE TABLE users (password text, "password" varchar(20) DEFAULT now())',
      'UPDATE users SET password = crypt(password, gen_salt($1))',
      'users.password: varchar → text',
      'SELECT password::text FROM users WHERE mail LIKE $1',
      'ALTER ROLE app PASSWORD NULL',
      'at file:///app/node_modules/@nestjs/core/injector.js:10:5',
      'postgres://localhost:5432/shop, postgres://app@db/shop, postgres://***@db/shop, postgres://***:***@db/***',
      'Write it as postgres://user:password@host:5432/database.',
    ].join('\n');
    expect(withoutPasswords(text)).toBe(text);
  });
});

const dataSources = {
  'defined.mjs': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: import.meta.dirname, entities: ['nothing/*.js'], migrations: ['migrations/*.sql'] });
`,
  'plain.mjs': `import { DataSource } from 'typeorm';
export default new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, migrations: ['migrations/*.sql'] });
`,
  'checking.mjs': `if (process.env.DATABASE_URL.length > 0) throw new TypeError('Invalid configuration: DATABASE_URL is "' + process.env.DATABASE_URL + '"');
`,
};
const migrationFile = {
  'migrations/1700000000001-Nothing.sql': '-- migrate: up\nSELECT 1;\n-- migrate: down\nSELECT 1;\n',
};

describe('no command shows a part of a password', () => {
  let database: TestDatabase;
  let project: TestProject;
  let role: Awaited<ReturnType<typeof createRole>>;
  beforeAll(async () => {
    database = await createDatabase();
    role = await createRole();
    project = createProject({ 'package.json': '{ "name": "app" }', ...dataSources, ...migrationFile });
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
    await role.drop();
  });

  const commands = [
    ['status'],
    ['run'],
    ['wait', '--timeout', '300ms'],
    ['generate', 'Change', '--dry-run'],
    ['generate', 'Change', '--dry-run', '--from', 'ADDRESS'],
    ['generate', 'Change', '--dry-run', '--shadow', 'ADDRESS'],
    ['status', '--data-source', 'ADDRESS'],
    ['status', 'ADDRESS'],
    ['status', '--unknown=ADDRESS'],
  ] as const;

  const run = (random: Random, url: string): Promise<CliResult> => {
    const command = random.pick(commands).map((word) => word.replace('ADDRESS', () => url));
    const file = command.includes('--data-source') ? [] : ['--data-source', random.pick(Object.keys(dataSources))];
    const args = [...command, ...file, '--connect-timeout', '300ms', ...random.some(['--verbose', '--json'])];
    return runCli(args, { cwd: project.dir, env: { DATABASE_URL: url } });
  };

  it.each(sample([11, 12], 2))('with a server, without one, and with an invalid address (seed %i)', async (seed) => {
    const random = new Random(seed);
    const { hostname: host, port } = new URL(serverUrl());
    const at = { user: role.name, host, port: Number(port), database: database.name };
    const places = [
      at,
      { ...at, database: `${database.name}_nowhere` },
      { ...at, user: 'postgres', database: 'nowhere' },
      { ...at, port: 1 },
    ];
    for (let n = 0; n < 8; n++) {
      const password = passwordFrom(random);
      const addresses = addressesWith(password, random.pick(places), random);
      const chosen = [addresses[random.below(7)], random.pick(addresses)].map((url) => url ?? '');
      const results = await Promise.all(chosen.map((url) => run(random, url)));
      results.forEach(({ stdout, stderr, code }, index) => {
        const url = chosen[index];
        const parts = shownIn(stdout + stderr, password);
        expect({ url, stdout, stderr, parts }).toEqual({ url, stdout, stderr, parts: [] });
        // Something was said, then, and it is no crash of ours.
        expect(stderr + stdout).toMatch(code === 0 ? /\S/ : /✖|"error"|error:/);
      });
    }
  });

  it('with a correct password: the database is missing, the role has no privileges, a statement fails', async () => {
    const password = ' x7 Q"9\'k#Z@:8%W ';
    await database.query(`ALTER ROLE ${role.name} PASSWORD '${password.replaceAll("'", "''")}'`);
    const right = database.urlFor(role.name, password);
    // Only what cannot be there as it is, is encoded.
    const spaced = right.replaceAll('%20', ' ').replaceAll('%22', '"').replaceAll('%3A', ':');
    for (const url of [right, spaced]) {
      for (const [address, expected, patience] of [
        [url, 'permission denied for schema public', '1min'],
        [`${url}_nowhere`, 'has no such database', '1min'],
        [url.replace(/:\d+\//, ':1/'), 'No connection to postgres://', '300ms'],
      ] as const) {
        const env = { DATABASE_URL: address };
        const args = ['run', '--data-source', 'plain.mjs', '--verbose', '--connect-timeout', patience];
        const { stdout, stderr } = await runCli(args, { cwd: project.dir, env });
        expect(stderr).toContain(expected);
        expect(shownIn(stdout + stderr, password)).toEqual([]);
      }
    }
  });

  itInFull('in an app that does not start, by its logger and by Node', async () => {
    project.write(
      'app.mjs',
      `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MigrationsModule } from 'nest-migrate';
import { DataSource } from 'typeorm';
const dataSource = () => {
  const url = process.env.DATABASE_URL;
  if (process.env.HOW === 'throws') throw Object.assign(new TypeError('Invalid: ' + url), { url });
  return new DataSource({ type: 'postgres', url, migrations: [] });
};
class AppModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource, connect: { timeout: 300, retryEvery: 100 } })] })(AppModule);
await NestFactory.createApplicationContext(AppModule, { abortOnError: process.env.HOW === 'aborts' });
`,
    );
    const random = new Random(21);
    const { hostname: host, port } = new URL(serverUrl());
    for (let n = 0; n < 6; n++) {
      const password = passwordFrom(random);
      const place = { user: 'app', host, port: n % 2 === 0 ? Number(port) : 1, database: 'nowhere' };
      const addresses = addressesWith(password, place, random);
      const chosen = [addresses[n], random.pick(addresses)].map((url) => url ?? '');
      const HOW = random.pick(['aborts', 'rejects', 'throws']);
      const results = await Promise.all(
        chosen.map((url) => runNode(['app.mjs'], { cwd: project.dir, env: { HOW, DATABASE_URL: url } })),
      );
      results.forEach((result, index) => {
        const parts = shownIn(result.stdout + result.stderr, password);
        expect({ ...result, url: chosen[index], parts }).toMatchObject({ parts: [] });
        expect(result.code).not.toBe(0);
        expect(result.stdout + result.stderr).toMatch(
          /cannot be read|No connection|Authentication failed|no such database|URI malformed|Invalid: /,
        );
      });
    }
  });
});

const secret = 'Qx7zKW9q';
const statements: readonly string[] = [
  `ALTER ROLE missing PASSWORD '${secret}'`,
  `ALTER ROLE missing WITH LOGIN\n  ENCRYPTED PASSWORD\n  '${secret}' VALID UNTIL 'infinity'`,
  `CREATE USER postgres PASSWORD E'it\\'s ${secret}'`,
  `ALTER ROLE missing PASSWORD U&'${secret}'`,
  `ALTER ROLE missing PASSWORD $pw$it's ${secret}$pw$`,
  `ALTER ROLE missing PASSWORD "${secret}"`,
  `ALTER ROLE missing PASSWORD ${secret}`,
  `ALTER ROLE missing PASSWORD '${secret}`,
  `ALTER ROLE missing PASSWORD '${'x'.repeat(150)}${secret}'`,
  `SELECT 1 / 0 /* */; ALTER ROLE missing PASSWORD '${secret}'`,
  `DO $$BEGIN EXECUTE 'ALTER ROLE missing PASSWORD ''${secret}'''; END$$`,
  `DO $$BEGIN EXECUTE format('ALTER ROLE missing PASSWORD %L', '${secret}'); END$$`,
  `DO $$BEGIN EXECUTE 'ALTER ROLE missing PASSWORD ' || quote_literal('${secret}'); END$$`,
  `CREATE USER MAPPING FOR public SERVER missing OPTIONS (user 'a', password '${secret}')`,
  `CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1 user=a password=${secret}' PUBLICATION p`,
  `CREATE SUBSCRIPTION s CONNECTION 'postgres://a:${secret}@127.0.0.1:1/x' PUBLICATION p`,
];

describe('a password in a statement of a migration', () => {
  let database: TestDatabase;
  beforeEach(async () => void (database = await createDatabase()));
  afterEach(() => database.drop());

  it.each(statements.flatMap((sql) => [[sql, true] as const, [sql, false] as const]))(
    'is neither shown nor stored: %s (in a transaction: %s)',
    async (sql, transaction) => {
      const told: unknown[] = [];
      const setPassword = migration('SetPassword1700000000001', { up: ['SELECT 1', sql], transaction });
      const work = using(
        { url: database.url, migrations: [setPassword], onEvent: (event) => told.push(event) },
        (migrator) => migrator.run(),
      );
      const error = await failureOf(work);
      expect(error.code).toBe('MIGRATION_FAILED');
      const log = await database.query('SELECT * FROM migrations_log');
      const again = await failureOf(
        using({ url: database.url, migrations: [setPassword] }, (migrator) => migrator.run()),
      );
      for (const text of [
        inspect(error, { depth: 9 }),
        inspect(told, { depth: 9 }),
        inspect(log),
        inspect(again, { depth: 9 }),
      ])
        expect(shownIn(text, secret)).toEqual([]);
      expect(told).toContainEqual(expect.objectContaining({ type: 'statement', sql: expect.stringContaining('***') }));
    },
  );

  itInFull('is not shown by run --verbose or --dry-run, and takes effect', async () => {
    const role = await createRole();
    const file = `ALTER ROLE ${role.name} PASSWORD '${secret}';\n`;
    const project = createProject({
      'package.json': '{}',
      'plain.mjs': dataSources['plain.mjs'],
      'migrations/1700000000001-Set.sql': file,
    });
    const args = ['run', '--data-source', 'plain.mjs', '--verbose'];
    const dry = await runCli([...args, '--dry-run'], { cwd: project.dir, env: { DATABASE_URL: database.url } });
    expect([dry.stdout, dry.code]).toEqual([expect.stringContaining(`ALTER ROLE ${role.name} PASSWORD ***`), 0]);
    expect(shownIn(dry.stdout + dry.stderr, secret)).toEqual([]);
    const { stdout, stderr, code } = await runCli(args, { cwd: project.dir, env: { DATABASE_URL: database.url } });
    expect([stderr, code]).toEqual([expect.stringContaining(`ALTER ROLE ${role.name} PASSWORD ***`), 0]);
    expect(shownIn(stdout + stderr, secret)).toEqual([]);
    const dataSource = new DataSource({ type: 'postgres', url: database.urlFor(role.name, secret) });
    await (await dataSource.initialize()).destroy();
    project.remove();
    await role.drop();
  });
});
