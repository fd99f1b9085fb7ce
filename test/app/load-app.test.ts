import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadApp } from '../../src/app/load-app.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { itInFull, sample } from '../support/sample.js';
import { refusals } from '../nest/refused.js';

const entity = `import { Column, Entity, PrimaryColumn } from 'typeorm';
@Entity('users') export class User { @PrimaryColumn('int') id!: number; @Column('text') name!: string; }
`;
const module_ = (typeOrm: string): string => `import { Injectable, Module, OnModuleInit } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { User } from './user.entity';
@Injectable() class Users implements OnModuleInit {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) { void users.find(); }
  async onModuleInit(): Promise<void> { console.log('HOOK CALLED'); await this.users.count(); }
}
@Module({ imports: [TypeOrmModule.forFeature([User])], providers: [Users] }) class UsersModule {}
@Module({ imports: [ConfigModule.forRoot({ isGlobal: true }), ${typeOrm}, UsersModule] }) export class AppModule {}
`;
const fromConfig = (
  more = '',
) => `TypeOrmModule.forRootAsync({ inject: [ConfigService], useFactory: (config: ConfigService) => ({
  type: 'postgres' as const, url: config.getOrThrow<string>('DB'), autoLoadEntities: true, migrations: ['migrations/*.ts'], ${more} }) })`;
const seed = `import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { InjectRepository } from '@nestjs/typeorm';
import { MigrationInterface, QueryRunner, Repository } from 'typeorm';
import { User } from '../src/user.entity';
@Injectable() export class Seed1700000000002 implements MigrationInterface {
  constructor(@InjectRepository(User) private readonly users: Repository<User>, private readonly config: ConfigService) {}
  async up(): Promise<void> { await this.users.insert({ id: 1, name: this.config.getOrThrow('WHO') }); }
  async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('DELETE FROM users'); }
}
`;

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({
    'package.json': '{ "name": "app", "nest-migrate": { "app": "src/app.module.ts" } }',
    'tsconfig.json':
      '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "esModuleInterop": true } }',
    '.env': `DB=${database.url}\nWHO=Ada\n`,
    'src/user.entity.ts': entity,
    'src/app.module.ts': module_(fromConfig()),
    'migrations/1700000000001-CreateUsers.ts': `export class CreateUsers1700000000001 { async up(q: any) { await q.query('CREATE TABLE users (id int, name text)'); } async down(q: any) { await q.query('DROP TABLE users'); } }`,
    'migrations/1700000000002-Seed.ts': seed,
  });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});
const cli = (...args: string[]) => runCli(args, { cwd: project.dir });

describe('an app whose connection is written in its modules', () => {
  it('provides its data source, entities and providers without calling hooks', async () => {
    const run = await cli('run');
    expect([run.stderr, run.code]).toEqual([
      expect.stringMatching(/✔ CreateUsers1700000000001 applied.*\n✔ Seed1700000000002 applied/),
      0,
    ]);
    expect(run.stdout).not.toContain('HOOK CALLED');
    expect(await database.query('SELECT * FROM users')).toEqual([{ id: 1, name: 'Ada' }]);
    expect((await cli('status', '--json')).stdout).toContain('"pending": []');
    expect((await cli('revert', '--all')).code).toBe(0);
  });

  it('is loaded without a server', async () => {
    project.write('.env', 'DB=postgres://a:b@127.0.0.1:1/x\nWHO=Ada\n');
    const created = await cli('create', 'More');
    expect([created.stderr, created.code]).toEqual(['', 0]);
    const { code, stderr } = await cli('status', '--connect-timeout', '300ms');
    expect(code).toBe(1);
    expect(stderr).toContain('No connection to postgres://a:***@127.0.0.1:1/x');
  });

  it.each(
    sample<readonly [how: string, files: Readonly<Record<string, string>>, scripts?: Readonly<Record<string, string>>]>(
      [
        ["main.ts imports 'dotenv/config'", { 'src/main.ts': "import 'dotenv/config';\n" }],
        [
          'main.ts loads a file of another name',
          { 'src/main.ts': "import { config } from 'dotenv';\nconfig({ path: 'config/local.env' });\n" },
        ],
        [
          'its start script does, with env-cmd',
          {},
          { start: 'nest start', 'start:dev': 'env-cmd -f config/local.env nest start' },
        ],
        ['its start script does, with Node', {}, { start: 'node --env-file=config/local.env dist/main' }],
      ],
      2,
    ),
  )('is loaded with the environment of the app: %s', async (how, files, scripts = {}) => {
    const text = module_(
      `TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DB_OF_FILE, autoLoadEntities: true })`,
    );
    const address = 'DB_OF_FILE=postgres://a:b@127.0.0.1:1/of_file\n';
    for (const [path, content] of Object.entries(files)) project.write(path, content);
    project.write('src/app.module.ts', text.replace('ConfigModule.forRoot({ isGlobal: true }), ', ''));
    project.write(how.includes('dotenv/config') ? '.env' : 'config/local.env', address);
    project.write(
      'package.json',
      JSON.stringify({ name: 'app', scripts, 'nest-migrate': { app: 'src/app.module.ts' } }),
    );
    const { stderr } = await cli('status', '--connect-timeout', '0');
    expect(stderr).toContain('No connection to postgres://a:***@127.0.0.1:1/of_file');
  });

  itInFull(
    'is loaded from the compiled module in an image without sources, though package.json names the source',
    async () => {
      project.delete('src/app.module.ts');
      project.write(
        'dist/app.module.js',
        `const { Module } = require('@nestjs/common');
const { TypeOrmModule } = require('@nestjs/typeorm');
class AppModule {}
exports.AppModule = AppModule;
Module({ imports: [TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DB, migrations: [] })] })(AppModule);`,
      );
      project.write('dist/main.js', "require('dotenv/config');");
      const { code, stderr } = await cli('status');
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('✖')]);
    },
  );

  it.each(
    sample<readonly [title: string, flags: string, text: string | undefined, message: string | RegExp]>(
      [
        ['a missing file', '--app src/nowhere.ts', undefined, 'There is no file'],
        [
          'a file without a module',
          '--app src/user.entity.ts',
          undefined,
          'exports no Nest module that could be chosen (it exports User)',
        ],
        [
          'a connection that it does not have',
          '--connection reports',
          undefined,
          'has no TypeORM connection "reports"',
        ],
        ['an app that cannot start', '', module_(fromConfig().replace("'DB'", "'NOWHERE'")), 'could not be created'],
        [
          // As `ConfigModule.forRoot` does if it refuses the environment. Nest still waits for the import before it.
          'an app with an import that fails before Nest waits for it',
          '',
          module_(fromConfig()).replace(
            'ConfigModule.forRoot({',
            `(async (): Promise<any> => { await new Promise((later) => setTimeout(later, 50)); return { module: UsersModule }; })(),
  (async (): Promise<any> => { throw new Error('"QUEUE_URL" is required'); })(), ConfigModule.forRoot({`,
          ),
          /^✖ The app in src\/app\.module\.ts could not be created: "QUEUE_URL" is required\n {4}at .*src\/app\.module\.ts:\d+:\d+\n→ Set QUEUE_URL in the environment/m,
        ],
      ],
      2,
    ),
  )('reports the error: %s', async (_title, flags, text, message) => {
    if (text !== undefined) project.write('src/app.module.ts', text);
    const { code, stderr } = await cli('status', ...flags.split(' ').filter(Boolean));
    if (typeof message === 'string') expect(stderr).toContain(message);
    else expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  describe.each(sample(['commonjs', 'module'] as const, 2))('with a main file (%s)', (type) => {
    const main = (before: string): string => `import { NestFactory } from '@nestjs/core';
import { writeFileSync } from 'node:fs';
import { AppModule } from './app.module.js';
async function bootstrap(): Promise<void> {
  ${before}
  const app = await NestFactory.create(AppModule);
  writeFileSync('started', '');
  await app.listen(0);
}
setTimeout(() => void NestFactory.createApplicationContext(AppModule).then(() => writeFileSync('started', '')), 200);
${type === 'module' ? 'await' : 'void'} bootstrap();
`;
    const prepare = `await new Promise((later) => setTimeout(later, 20)); (globalThis as any).isPrepared = true;`;
    beforeEach(() => {
      project.write('package.json', JSON.stringify({ name: 'app', type }));
      if (type === 'module') {
        project.write('tsconfig.json', project.read('tsconfig.json').replace('"commonjs"', '"nodenext"'));
        project.write('migrations/1700000000002-Seed.ts', seed.replace('user.entity', 'user.entity.js'));
      }
      const prepared = `if (!(globalThis as any).isPrepared) throw new Error('not prepared');`;
      const text = `// main.ts calls NestFactory.create(AppModule)\n${module_(fromConfig()).replace('void users.find();', prepared)}`;
      project.write('src/app.module.ts', type === 'module' ? text.replace('user.entity', 'user.entity.js') : text);
    });

    it('is created after what the file does before that, and not started', async () => {
      project.write('src/main.ts', main(prepare));
      const module = await cli('status', '--app', 'src/app.module.ts');
      expect(module.stderr).toMatch(/not prepared[^]*If src\/main\.ts prepares something[^]*: --app src\/main\.ts\n/);
      const { code, stderr } = await cli('run', '--app', 'src/main.ts');
      expect([code, stderr]).toEqual([0, expect.stringMatching(/Seed1700000000002 applied/)]);
      expect(existsSync(join(project.dir, 'started'))).toBe(false);
    });

    it('reports an error of the file', async () => {
      project.write('src/main.ts', main(`if (process.pid) throw new Error('no secrets');`));
      const { code, stderr } = await cli('status', '--app', 'src/main.ts');
      expect(stderr).toMatch(/^✖ .*src\/main\.ts could not be (?:created|loaded): no secrets\n/m);
      // With a top-level await, it is the file that could not be loaded.
      expect(code).toBe(type === 'module' ? 1 : 2);
    });

    itInFull('reports an error of its module where it happens', async () => {
      const text = module_(fromConfig()).replace(
        'ConfigModule.forRoot({',
        `ConfigModule.forRoot({ validate: () => { throw new Error('no secret'); },`,
      );
      project.write('src/app.module.ts', type === 'module' ? text.replace('user.entity', 'user.entity.js') : text);
      project.write('src/main.ts', main(''));
      const { code, stderr } = await cli('status', '--app', 'src/main.ts');
      expect([code, stderr]).toEqual([2, expect.stringMatching(/no secret\n {4}at .*src\/app\.module\.ts:\d+/)]);
    });

    it('and with an import that fails after what its module has started failed, too', async () => {
      const module = module_(fromConfig()).replace(
        'ConfigModule.forRoot({',
        `(async (): Promise<any> => { throw new Error('started'); })(), ConfigModule.forRoot({`,
      );
      project.write('src/app.module.ts', type === 'module' ? module.replace('user.entity', 'user.entity.js') : module);
      project.write('src/fails.ts', `throw new Error('imported');`);
      project.write(
        'src/main.ts',
        main('').replace(`from './app.module.js';`, `from './app.module.js';\nimport './fails.js';`),
      );
      const { code, stderr } = await cli('status', '--app', 'src/main.ts');
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(/^✖ .*(?:started|imported)\n/)]);
      expect(stderr).not.toContain('Node.js v');
    });
  });

  it('is refused if it is a bundle that contains Nest, or creates no app', async () => {
    project.write(
      'dist/main.js',
      'class NestFactoryStatic {}\nconst NestFactory = new NestFactoryStatic(); NestFactory.create();',
    );
    const { code, stderr } = await cli('status', '--app', 'dist/main.js');
    expect([code, stderr]).toEqual([2, expect.stringContaining('dist/main.js contains Nest and starts the app')]);
    const file = project.write('late.cjs', `// NestFactory.create(…) is called later`);
    await expect(loadApp(file, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'APP_INVALID',
      message: expect.stringContaining('did not create an app within 0.2 s, so its root module is not known.'),
    });
  });

  itInFull(
    'may be created by the file of a data source, which reads its configuration, and does not migrate then',
    async () => {
      project.write('package.json', '{ "name": "app" }');
      const text = module_(fromConfig()).replace('UsersModule] })', 'UsersModule, MigrationsModule.forRoot()] })');
      project.write('src/app.module.ts', `import { MigrationsModule } from 'nest-migrate';\n${text}`);
      project.write(
        'migrations/1700000000002-Seed.ts',
        'export class Seed1700000000002 { async up() {} async down() {} }',
      );
      project.write(
        'src/cli.ts',
        `import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module';
export default (async () => {
  const app = await NestFactory.create(AppModule, { logger: false });
  return new DataSource({ type: 'postgres', url: app.get(ConfigService).getOrThrow('DB'), entities: ['src/*.entity.ts'], migrations: ['migrations/*.ts'] });
})();
`,
      );
      const status = await cli('status', '-d', 'src/cli.ts');
      expect([status.code, status.stderr + status.stdout]).toEqual([0, expect.stringContaining('2 pending')]);
      expect(await database.query('SELECT to_regclass($1) AS users', ['users'])).toEqual([{ users: null }]);
      expect((await cli('run', '-d', 'src/cli.ts')).code).toBe(0);
    },
  );

  itInFull('is not affected by options with which the app would change the database at its start', async () => {
    project.write('src/app.module.ts', module_(fromConfig('synchronize: true, migrationsRun: true, dropSchema: true')));
    const { code, stderr, stdout } = await cli('status');
    expect(stderr).toMatch(
      /^! The app in src\/app\.module\.ts sets synchronize: true\. With it, TypeORM would change/m,
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 pending')]);
    expect(await database.query('SELECT to_regclass($1) AS users', ['users'])).toEqual([{ users: null }]);
    expect((await cli('run')).code).toBe(0);
    expect((await cli('run')).stdout).toContain('Nothing to do');
  });
});

const service = `import { Injectable, Module } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { User } from './user.entity';
@Injectable() export class UsersService {
  constructor(@InjectRepository(User) private readonly users: Repository<User>, private readonly dataSource: DataSource) {}
  async add(name: string): Promise<void> {
    await this.users.insert({ id: 1, name });
    await this.dataSource.transaction((manager) => manager.query("INSERT INTO users VALUES (2, 'Bob')"));
  }
}
@Module({ imports: [TypeOrmModule.forFeature([User])], providers: [UsersService], exports: [UsersService] })
export class ServiceModule {}
`;
const using = (token: string, up: string): string => `import { Inject, Injectable } from '@nestjs/common';
import { UsersService } from '../src/users.service';
import { refused } from '../src/refused';
@Injectable() export class Uses1700000000002 {
  constructor(@Inject(${token}) private readonly service: any) {}
  async up(queryRunner: any): Promise<void> { ${up} }
  async down(): Promise<void> {}
}
void [refused, UsersService];
`;

describe('a service of an app', () => {
  beforeEach(() => {
    project.write('src/users.service.ts', service);
    project.write('src/refused.ts', readFileSync('test/nest/refused.ts', 'utf8'));
    const modules = 'MigrationsModule.forRoot({ imports: [RefusedModule, ServiceModule] })';
    const imports = `import { MigrationsModule } from 'nest-migrate';
import { RefusedModule } from './refused';
import { ServiceModule } from './users.service';
`;
    project.write('src/app.module.ts', imports + module_(`${fromConfig()}, ${modules}`));
    project.write('migrations/1700000000002-Seed.ts', '');
  });

  it('uses the connection of the migration', async () => {
    const up = (more: string): string =>
      using(
        'UsersService',
        `await queryRunner.query('ALTER TABLE users ADD age int'); await this.service.add('Ada'); ${more}`,
      );
    project.write('migrations/1700000000002-Seed.ts', up("await queryRunner.query('SELECT 1/0');"));
    const failed = await cli('run');
    expect([failed.stderr, failed.code]).toEqual([expect.stringContaining('division by zero'), 1]);
    expect(await database.query('SELECT * FROM users')).toEqual([]);
    project.write('migrations/1700000000002-Seed.ts', up(''));
    const run = await cli('run');
    expect([run.stderr, run.code]).toEqual([expect.stringContaining('✔ Uses1700000000002 applied'), 0]);
    expect(await database.query('SELECT name FROM users ORDER BY id')).toEqual([{ name: 'Ada' }, { name: 'Bob' }]);
  });

  itInFull('is refused where that cannot be, in the words of the boot', async () => {
    const told: unknown[] = [];
    for (const [name] of refusals) {
      project.write('migrations/1700000000002-Seed.ts', using(`refused.${name}`, ''));
      const { stderr, code } = await cli('run');
      expect(code).toBe(1);
      told.push([name, /its dependency .*?(?=\. It was not started)/.exec(stderr)?.[0]]);
    }
    expect(told).toEqual(refusals);
  });
});
