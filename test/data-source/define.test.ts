import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, Entity, PrimaryColumn } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { defineDataSource } from '../../src/data-source/define.js';
import type { DefineDataSourceOptions } from '../../src/data-source/define-options.js';
import { describeConnection, showConnection } from '../../src/data-source/describe.js';
import { isEmbedded } from '../../src/data-source/embedded-brand.js';
import { useAddressForMigrations } from '../../src/data-source/environment.js';
import { refuseSynchronize } from '../../src/data-source/guard.js';
import { settingsOf } from '../../src/data-source/settings.js';
import { connectionError } from '../../src/database/connection-error.js';
import { MigrateError } from '../../src/errors.js';
import { createMigrator } from '../../src/migrator.js';
import { withoutPasswords } from '../../src/passwords.js';
import { runNode } from '../support/cli.js';
import { createTemporaryDatabase } from '../../src/shadow/temporary-database.js';
import { withLive } from '../../src/shadow/live.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import { createProject } from '../support/project.js';
import { sample } from '../support/sample.js';
import { encrypting } from '../support/tls-server.js';

let folder: string;
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nest-migrate-define-'));
  for (const name of Object.keys(process.env))
    if (/^(PG|DATABASE_URL|NEST_MIGRATE)/.test(name)) delete process.env[name];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

type Options = Readonly<Record<string, unknown>>;
const optionsOf = (dataSource: DataSource): Options => dataSource.options as unknown as Options;
const define = (options: DefineDataSourceOptions = {}): Options =>
  optionsOf(defineDataSource({ envFile: [], ...options }));
const env = (variables: Record<string, string>): void => void Object.assign(process.env, variables);
const url = 'postgres://app:secret@db:5433/shop';

function thrown(work: () => unknown): MigrateError {
  try {
    work();
  } catch (error) {
    if (error instanceof MigrateError) return error;
  }
  throw new Error('No MigrateError was thrown.');
}

describe('the location of the database', () => {
  it('comes from DATABASE_URL', () => {
    env({ DATABASE_URL: url, PGHOST: 'elsewhere' });
    expect(define()).toMatchObject({ type: 'postgres', url, synchronize: false });
  });

  it('comes from the variables of libpq', () => {
    env({
      PGHOST: 'db',
      PGPORT: '5433',
      PGUSER: 'app',
      PGPASSWORD: 'secret',
      PGDATABASE: 'shop',
      PGSSLMODE: 'require',
    });
    expect(define()).toMatchObject({
      host: 'db',
      port: 5433,
      username: 'app',
      password: 'secret',
      database: 'shop',
      ssl: { rejectUnauthorized: false },
    });
  });

  it('comes from .env, which does not override existing variables', () => {
    const envFile = join(folder, '.env');
    writeFileSync(
      envFile,
      'export DATABASE_URL="postgres://from-file/db" # comment\nNEST_MIGRATE_TEST_A=file\nNEST_MIGRATE_TEST_B=file\n',
    );
    env({ NEST_MIGRATE_TEST_A: 'set', NEST_MIGRATE_TEST_B: '' });
    expect(define({ envFile })).toMatchObject({ url: 'postgres://from-file/db' });
    expect([process.env['NEST_MIGRATE_TEST_A'], process.env['NEST_MIGRATE_TEST_B']]).toEqual(['set', '']);
  });

  it('comes from the first of several files', () => {
    const [local, shared] = [join(folder, '.env.local'), join(folder, '.env')];
    writeFileSync(local, 'DATABASE_URL=postgres://local/db');
    writeFileSync(shared, 'DATABASE_URL=postgres://shared/db');
    expect(define({ envFile: [local, join(folder, 'none'), shared] })).toMatchObject({ url: 'postgres://local/db' });
  });

  it('reports an .env file that cannot be read', () => {
    mkdirSync(join(folder, '.env'));
    expect(thrown(() => define({ envFile: join(folder, '.env') })).message).toContain(join(folder, '.env'));
  });

  it('comes from the options, whatever the environment contains', () => {
    env({ DATABASE_URL: url });
    expect(define({ url: 'postgres://mine/db' })).toMatchObject({ url: 'postgres://mine/db' });
    expect(define({ host: 'mine' })).not.toHaveProperty('url', url);
    expect(define({ database: 'shop_test', username: 'o@p' })).toMatchObject({
      host: 'db',
      port: 5433,
      username: 'o@p',
      password: 'secret',
      database: 'shop_test',
    });
    expect(define({ database: 'shop_test' })).not.toHaveProperty('url');
  });

  it('keeps the other parameters of an address that is split into parts', () => {
    env({ DATABASE_URL: 'postgres://a%40b:p%2Fw@[::1]/shop?options=-c%20role%3Dx&sslmode=disable' });
    expect(define({ database: 'other', extra: { max: 3 } })).toMatchObject({
      host: '::1',
      username: 'a@b',
      password: 'p/w',
      database: 'other',
      ssl: false,
      extra: { options: '-c role=x', max: 3 },
    });
  });

  it('is the embedded database by default, unless it is switched off', () => {
    env({ PGHOST: '' });
    expect(isEmbedded(defineDataSource({ envFile: [] }))).toBe(true);
    expect(isEmbedded(defineDataSource({ envFile: [], embedded: false }))).toBe(false);
    expect(isEmbedded(defineDataSource({ envFile: [], host: 'db' }))).toBe(false);
    env({ DATABASE_URL: '', NEST_MIGRATE_EMBEDDED: 'here' });
    expect(isEmbedded(defineDataSource({ envFile: [] }))).toBe(true);
  });

  it.each([
    [
      'mysql://app:secret@db/shop',
      /DATABASE_URL cannot be read as the address of a PostgreSQL database: it does not begin with postgres:/,
      /postgres:/,
    ],
    ['"postgres://app:secret@db/shop"', /it begins with a quotation mark/, /quotation marks/],
    ['postgres://app:sec#ret@db/shop', /its host or port cannot be read/, /# is %23/],
    ['postgres://app:12#secret@db/shop', /its only @ comes after a/, /# is %23/],
    ['postgres://app:100%secret@db/shop', /a % in its user or password does not encode a character/, /% is %25/],
  ])('reports DATABASE_URL=%s without the password', (text, message, next) => {
    env({ DATABASE_URL: text });
    const error = thrown(() => define());
    expect(error).toMatchObject({ code: 'DATA_SOURCE_INVALID', exitCode: 2 });
    expect(error.message).toMatch(message);
    expect(error.next).toMatch(next);
    expect(`${error.message} ${error.next}`).not.toMatch(/secret|ret@/);
  });

  it.each([
    [{ DATABASE_URL: '' }, /^DATABASE_URL is set, but empty\. Nothing was done\.$/, /or unset it/],
    [{ DATABASE_URL: ' ', PGSERVICE: 'shop' }, /^DATABASE_URL is set, but empty/, /or unset it/],
    [{ PGSERVICE: 'shop' }, /^PGSERVICE names a service in a file of libpq/, /PGHOST/],
    [{ DATABASE_URL: 'postgres:///?service=shop' }, /^service in DATABASE_URL names a service/, /PGHOST/],
    [{ DATABASE_URL: 'postgres://u:secret@a:5432,b.example/shop' }, /it names several hosts/, /accepts writes/],
    [{ DATABASE_URL: 'postgres://u:secret@a,b,c/shop' }, /it names several hosts/, /accepts writes/],
    [{ DATABASE_URL: 'postgres://u:secret@db/shop?schema=app' }, /which Prisma reads/, /schema: …/],
  ])('is refused if it may mean another database: %p', (variables, message, next) => {
    env(variables);
    const error = thrown(() => defineDataSource({ envFile: [] }));
    expect(error).toMatchObject({ code: 'DATA_SOURCE_INVALID', exitCode: 2 });
    expect(error.message).toMatch(message);
    expect(error.next).toMatch(next);
    expect(error.message).not.toContain('secret');
  });

  it('is not refused for an empty variable if others define it', () => {
    env({ DATABASE_URL: '', PGHOST: 'db', PGSERVICE: 'shop' });
    expect(define()).toMatchObject({ host: 'db' });
  });

  it.each([
    ['require', '?enableChannelBinding=true'],
    ['prefer', '?enableChannelBinding=true'],
    ['disable', ''],
  ])('binds the channel like libpq, as far as pg can: %s', (binding, expected) => {
    env({ DATABASE_URL: `postgres://db/shop?channel_binding=${binding}` });
    expect(define()['url']).toBe(`postgres://db/shop${expected}`);
    env({ DATABASE_URL: `postgres://db/shop?sslmode=require&channel_binding=${binding}` });
    expect(define()['url']).toBe(`postgres://db/shop${expected}`);
  });

  it.each(['0', '65536', 'five', '5432.5'])('refuses PGPORT=%s', (PGPORT) => {
    env({ PGHOST: 'db', PGPORT });
    expect(thrown(() => define()).message).toContain('PGPORT');
  });

  it('has a separate address for migrations, which an app does not use', () => {
    env({ DATABASE_URL: 'postgres://pooler/shop', NEST_MIGRATE_DATABASE_URL: 'postgres://direct/shop' });
    expect(define()).toMatchObject({ url: 'postgres://pooler/shop' });
    useAddressForMigrations();
    try {
      expect(define()).toMatchObject({ url: 'postgres://direct/shop' });
    } finally {
      delete (globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.migrating')];
    }
  });
});

describe('encryption', () => {
  const ssl = (query: string): Options => {
    env({ DATABASE_URL: `postgres://db/shop${query}` });
    const options = define();
    return { url: options['url'], ssl: options['ssl'] };
  };

  it.each([
    ['disable', false],
    ['allow', false],
    // Where the server can, which is found out below.
    ['prefer', false],
    ['require', { rejectUnauthorized: false }],
    ['no-verify', { rejectUnauthorized: false }],
    ['verify-full', { rejectUnauthorized: true }],
    ['verify-ca', { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) }],
  ])('sslmode=%s means the same as in libpq', (mode, expected) => {
    expect(ssl(`?sslmode=${mode}&application_name=x`)).toEqual({
      url: 'postgres://db/shop?application_name=x',
      ssl: expected,
    });
    expect(ssl(`?sslmode=${mode}`)['url']).toBe('postgres://db/shop');
    env({ DATABASE_URL: 'postgres://db/shop', PGSSLMODE: mode });
    expect(define()['ssl']).toEqual(expected);
  });

  it('reads the certificates', () => {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, 'the root');
    expect(ssl(`?sslmode=verify-full&sslrootcert=${ca}`)['ssl']).toEqual({ rejectUnauthorized: true, ca: 'the root' });
    expect(ssl(`?sslmode=require&sslrootcert=${ca}`)['ssl']).toMatchObject({
      rejectUnauthorized: true,
      ca: 'the root',
    });
    expect(ssl('?sslmode=verify-full&sslrootcert=system')['ssl']).toEqual({ rejectUnauthorized: true });
    expect(thrown(() => ssl('?sslmode=verify-full&sslrootcert=/none.pem')).message).toContain('/none.pem');
    expect(thrown(() => ssl('?sslmode=maybe')).next).toContain('verify-full');
  });

  it('is not changed without a setting, and given options win', () => {
    expect(ssl('?connect_timeout=3')).toEqual({ url: 'postgres://db/shop?connect_timeout=3', ssl: undefined });
    env({ DATABASE_URL: 'postgres://db/shop?sslmode=require' });
    expect(define({ ssl: false })).toMatchObject({ url: 'postgres://db/shop', ssl: false });
  });

  it('is requested from the server: require fails if the server has none', async () => {
    const asked: number[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        asked.push(data.readInt32BE(4));
        socket.end('N');
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    env({ DATABASE_URL: `postgres://app@127.0.0.1:${port}/shop?sslmode=require` });
    await expect(defineDataSource({ envFile: [], entities: [] }).initialize()).rejects.toThrow('SSL');
    // 80877103 is SSLRequest: https://www.postgresql.org/docs/current/protocol-message-formats.html
    expect(asked).toEqual([80877103]);
    await new Promise((done) => server.close(done));
  });

  const someRows = `SELECT repeat('x', 1000000) AS text FROM generate_series(1, 8)`;
  const connects = async (url: string): Promise<void> => {
    env({ DATABASE_URL: url });
    // Otherwise TypeORM itself imports those of this folder, by a function that V8 may keep from another test file, which has ended.
    const dataSource = defineDataSource({ envFile: [], entities: [], migrations: [] });
    await dataSource.initialize();
    try {
      const rows = await dataSource.query<readonly { text: string }[]>(someRows);
      expect(rows.map(({ text }) => text.length)).toEqual(Array(8).fill(1_000_000));
    } finally {
      await dataSource.destroy();
    }
  };

  it.each([
    ['requests it', 'encrypted', 1],
    ['continues without it if the handshake fails', 'broken off', 1],
    ['continues without it if the server refuses encrypted connections', 'refused', 1],
  ] as const)('prefer %s', async (_what, answer, asked) => {
    const server = await encrypting(serverUrl(), answer);
    try {
      await connects(`${server.url}?sslmode=prefer`);
      expect(server.asked()).toBe(asked);
    } finally {
      server.close();
    }
  });

  it('prefer continues without it if the server has none, wherever the address is given', async () => {
    const preferring = `${serverUrl()}?sslmode=prefer`;
    await connects(preferring);
    await (await createTemporaryDatabase(preferring, [])).remove();
    await withLive(preferring, (pool) => pool.query('SELECT 1'));
    const dataSource = new DataSource({ type: 'postgres', url: serverUrl() });
    const migrator = createMigrator({ dataSource, settings: { directUrl: preferring } });
    await expect(migrator.status()).resolves.toMatchObject({ applied: [] });
    env({ DATABASE_URL: preferring });
    const given = defineDataSource({ envFile: [], entities: [], ssl: { rejectUnauthorized: false } });
    await expect(given.initialize()).rejects.toThrow('SSL');
  });
});

describe('defineDataSource', () => {
  it('resolves patterns relative to its own folder', () => {
    class Entity {}
    const options = define({
      baseDir: '/app',
      entities: [Entity, 'src/**/*.entity.ts', '/abs/*.js'],
      subscribers: ['s/*.js'],
    });
    expect(options).toMatchObject({
      entities: [Entity, '/app/src/**/*.entity.ts', '/abs/*.js'],
      migrations: ['/app/migrations/*.{ts,mts,cts,js,mjs,cjs,sql}'],
      subscribers: ['/app/s/*.js'],
    });
    expect(define()['migrations']).toEqual(['migrations/*.{ts,mts,cts,js,mjs,cjs,sql}']);
  });

  it('finds the entities by default, wherever the file with the data source is', () => {
    const project = createProject({ 'package.json': '{}', 'src/user.entity.ts': '', 'dist/user.entity.js': '' });
    const entities = (dir: string): unknown => define({ baseDir: join(project.dir, dir) })['entities'];
    expect([entities('.'), entities('src'), entities('dist')]).toEqual(
      ['src/**/*', 'src/**/*', 'dist/**/*'].map((pattern) => [`${project.dir}/${pattern}.entity.{ts,js}`]),
    );
    project.remove();
  });

  it('attaches its settings invisibly', () => {
    const dataSource = defineDataSource({ envFile: [] }, { lockTimeout: '1s' });
    expect(settingsOf(dataSource)).toEqual({ lockTimeout: '1s' });
    expect(Object.keys(dataSource)).toEqual(Object.keys(defineDataSource({ envFile: [] })));
    expect(settingsOf({} as DataSource)).toEqual({});
  });

  it.each(['synchronize', 'dropSchema', 'migrationsRun'] as const)('refuses %s with the reason', (name) => {
    const error = thrown(() => define({ [name]: true }));
    expect(error).toMatchObject({
      code: 'SYNCHRONIZE_ON',
      exitCode: 2,
      next: expect.stringContaining(`${name}: false`) as unknown,
    });
    expect(error.message).toMatch(new RegExp(`The data source sets ${name}: true\\. With it, .{30}`));
    expect(() => define({ [name]: false })).not.toThrow();
  });

  it('refuses the text "false", which TypeORM treats as true, and reports all such options at once', () => {
    const options = { type: 'postgres', synchronize: 'false', dropSchema: true } as unknown as Parameters<
      typeof refuseSynchronize
    >[0];
    const error = thrown(() => refuseSynchronize(options, 'The app'));
    expect(error.message).toContain('The app sets synchronize: "false"');
    expect(error.message).toContain('The app sets dropSchema: true');
  });
});

describe('passwords', () => {
  it.each([
    ['postgres://app:secret@db:5432/shop', 'postgres://app:***@db:5432/shop'],
    ['at postgres://app:p@ss/secret@db/shop now', 'at postgres://app:***@db/shop now'],
    ['postgres://:secret@db/shop', 'postgres://:***@db/shop'],
    ['postgres://db/shop?user=a&password=secret&x=1', 'postgres://db/shop?user=a&password=***&x=1'],
    ["host=db password='se cret' user=a", 'host=db password=*** user=a'],
    ["{ user: 'a', password: 'secret' }", "{ user: 'a', password: *** }"],
    ['{"password":"secret","user":"a"}', '{"password":***,"user":"a"}'],
    ['password authentication failed for user "a"', 'password authentication failed for user "a"'],
    ['postgres://app@db/shop', 'postgres://app@db/shop'],
  ])('are hidden in %s', (text, expected) => {
    expect(withoutPasswords(text)).toBe(expected);
  });

  it('are never shown with a connection', () => {
    env({ DATABASE_URL: url });
    const show = (options: DefineDataSourceOptions): string =>
      describeConnection(defineDataSource({ envFile: [], ...options }));
    expect(show({})).toBe('postgres://app:***@db:5433/shop');
    expect(show({ database: 'other' })).toBe('postgres://app:***@db:5433/other');
    expect(show({ host: 'h', username: 'u', password: () => 'secret' })).toBe('postgres://u:***@h:5432/');
    expect(show({ replication: { master: { url: 'postgres://m:secret@h/x' }, slaves: [] } })).toBe(
      'postgres://m:***@h/x',
    );
    delete process.env['DATABASE_URL'];
    expect(show({})).toMatch(/^the embedded database in .nest-migrate.postgres-test-\d+$/);
  });
});

describe('a data source of this package', () => {
  it('connects to a real server with the password from the environment', async () => {
    const database = await createDatabase();
    const role = await createRole();
    env({ DATABASE_URL: database.urlFor(role.name, role.password) });
    const dataSource = await defineDataSource({ envFile: [], entities: [], migrations: [] }).initialize();
    expect(await dataSource.query('SELECT current_user AS me, current_database() AS here')).toEqual([
      { me: role.name, here: database.name },
    ]);
    await dataSource.destroy();
    await database.drop();
    await role.drop();
  });

  const migration = `exports.CreateUsers1700000000001 = class CreateUsers1700000000001 {
  async up(queryRunner) { await queryRunner.query('CREATE TABLE users (id int)'); }
  async down(queryRunner) { await queryRunner.query('DROP TABLE users'); }
};
`;

  it.each(sample(['typeorm', 'typeorm-0-3'], 2))(
    'works with the command of %s, on a server and embedded',
    async (typeorm) => {
      const database = await createDatabase();
      const project = createProject({
        'package.json': '{ "name": "app", "type": "commonjs" }',
        'app (1) [x]/data-source.js': `const { defineDataSource } = require('nest-migrate/data-source');
module.exports = defineDataSource({ baseDir: __dirname, entities: [], migrations: ['migrations/*.{ts,js,sql}'] });
`,
        'app (1) [x]/migrations/1700000000001-CreateUsers.js': migration,
        'app (1) [x]/migrations/1700000000001-CreateUsers.d.ts': 'export declare class CreateUsers1700000000001 {}\n',
        'app (1) [x]/migrations/1700000000002-add-email.sql': '-- up\nSELECT 1;\n',
      });
      // The package itself, and not a link to it, so that it finds the TypeORM of this project.
      const modules = join(project.dir, 'node_modules');
      rmSync(join(modules, 'nest-migrate'));
      cpSync('dist', join(modules, 'nest-migrate', 'dist'), { recursive: true });
      cpSync('package.json', join(modules, 'nest-migrate', 'package.json'));
      rmSync(join(modules, 'typeorm'));
      symlinkSync(resolve('node_modules', typeorm), join(modules, 'typeorm'));

      const command = (name: string, variables: Record<string, string>) =>
        runNode([join(modules, 'typeorm', 'cli.js'), name, '-d', 'app (1) [x]/data-source.js'], {
          cwd: project.dir,
          env: { TMPDIR: tmpdir(), ...variables },
        });
      for (const variables of sample<Record<string, string>>([{}, { DATABASE_URL: database.url }], 2)) {
        expect((await command('migration:show', variables)).stdout).toContain('[ ] CreateUsers1700000000001');
        expect(await command('migration:run', variables)).toMatchObject({ code: 0, stderr: '' });
        expect((await command('migration:show', variables)).stdout).toMatch(/\[X\] .*CreateUsers1700000000001/);
        expect(await command('migration:revert', variables)).toMatchObject({ code: 0, stderr: '' });
      }
      expect(project.has('.nest-migrate/postgres/PG_VERSION')).toBe(true);
      project.remove();
      await database.drop();
    },
  );
});

describe('import', () => {
  it('loads entities and migrations through the project', async () => {
    const database = await createDatabase();
    class User {}
    Entity('users')(User);
    PrimaryColumn('int')(User.prototype, 'id');
    class AddUsers1700000000001 {
      async up(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query('CREATE TABLE users (id int PRIMARY KEY)');
        await queryRunner.manager.getRepository(User).insert({ id: 7 });
      }
      async down(): Promise<void> {}
    }
    // What a plain import of these files would not even find to be JavaScript.
    const modules: Readonly<Record<string, unknown>> = {
      'user.entity.ts': { default: User, User },
      '1700000000001-AddUsers.ts': { AddUsers1700000000001 },
    };
    for (const name of Object.keys(modules))
      writeFileSync(
        join(folder, name),
        `export class ${name === 'user.entity.ts' ? 'User' : 'AddUsers1700000000001'} { up() {} }`,
      );
    const asked: string[] = [];
    const dataSource = defineDataSource({
      url: database.url,
      baseDir: folder,
      import: (file) => Promise.resolve(modules[(asked.push(file), basename(file))]),
      entities: ['*.entity.ts'],
      migrations: ['17*.ts'],
    });
    const migrator = createMigrator({ dataSource });
    await migrator.run();
    expect(await dataSource.getRepository(User).find()).toEqual([expect.any(User)]);
    expect([...new Set(asked)].sort()).toEqual(
      ['1700000000001-AddUsers.ts', 'user.entity.ts'].map((name) => join(folder, name)),
    );
    await migrator.close();
    await database.drop();
  });
});

describe('the error for a connection whose options come from unset or mistyped variables', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const failed = (options: object): MigrateError =>
    connectionError(refused, { shown: showConnection(new DataSource({ type: 'postgres', ...options })) });

  it('shows the address that the driver uses, and suspects the environment', () => {
    const { message, next } = failed({ host: undefined, port: Number.NaN, username: undefined, database: undefined });
    expect(message).toBe('No connection to postgres://localhost:5432/: connect ECONNREFUSED 127.0.0.1:5432.');
    expect(next).toMatch(/^The data source gives neither a host nor a user nor a database: perhaps .*\.env/);
  });

  it('says that the host is no name of a server, without showing it', () => {
    const { message, next } = failed({
      host: 'localhost,',
      port: 5432,
      username: 'app',
      password: 'x',
      database: 'shop',
    });
    expect(message).toBe('No connection to postgres://app:***@***:5432/shop: ECONNREFUSED.');
    expect(next).toMatch(/^The host contains a character that no name of a server contains, such as a comma, /);
    expect(failed({ url: 'postgres://app:a/b@db/shop' }).next).toMatch(/^Percent-encode special characters/);
  });

  it('names the variables that hold the address, whatever the project calls them', () => {
    const options = { host: 'db.local', port: 6432, username: 'app', password: 'x', database: 'shop' };
    const next = (code: string): string | undefined =>
      connectionError(Object.assign(new Error('no'), { code }), {
        shown: showConnection(new DataSource({ type: 'postgres', ...options })),
      }).next;
    const all = (): unknown => [next('ECONNREFUSED'), next('28P01'), next('3D000')];
    const given = (variables: Record<string, string>): unknown => {
      Object.assign(process.env, variables);
      try {
        return all();
      } finally {
        for (const name of Object.keys(variables)) delete process.env[name];
      }
    };
    const said = (address: string, credentials: string, database: string): unknown => [
      expect.stringMatching(`^Start the server, or correct its address, in ${address}\\. To wait`),
      `Correct the user and password, in ${credentials}. Nothing was changed.`,
      `Create it: nest-migrate database create\nOr correct its name, in ${database}.`,
    ];
    const unknown = 'DATABASE_URL or where the data source gets it';
    expect(all()).toEqual(said(unknown, unknown.replace(/it$/, 'them'), unknown));
    const parts = { DB_HOST: 'db.local', DB_PORT: '6432', DB_USERNAME: 'app', DB_PASSWORD: 'wrong', DB_NAME: 'shop' };
    // Of another database, and of none.
    const others = { PG_PASS: 'y', MAIL_HOST: 'db.local', USERNAME: 'app', SQL_LOG: 'all' };
    expect(given({ ...parts, ...others })).toEqual(
      said('DB_HOST and DB_PORT', 'DB_USERNAME and DB_PASSWORD', 'DB_NAME'),
    );
    const url = {
      MAIN_DATABASE: 'postgresql://app:wrong@db.local:6432/shop',
      OTHER_DB: 'postgres://b@db.local:6432/shop',
    };
    expect(given(url)).toEqual(said('MAIN_DATABASE', 'MAIN_DATABASE', 'MAIN_DATABASE'));
  });
});
