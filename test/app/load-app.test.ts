import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

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

describe('an app whose connection is written in its modules only', () => {
  it('lends its data source, with its entities and its providers, without calling hooks', async () => {
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

  it('is taken apart without any server', async () => {
    project.write('.env', 'DB=postgres://a:b@127.0.0.1:1/x\nWHO=Ada\n');
    const created = await cli('create', 'More');
    expect([created.stderr, created.code]).toEqual(['', 0]);
    const { code, stderr } = await cli('status', '--connect-timeout', '300ms');
    expect(code).toBe(1);
    expect(stderr).toContain('No connection to postgres://a:***@127.0.0.1:1/x');
  });

  it.each([
    ['a missing file', '--app src/nowhere.ts', undefined, 'There is no file'],
    [
      'a file without a module',
      '--app src/user.entity.ts',
      undefined,
      'exports no Nest module that could be chosen (it exports User)',
    ],
    ['a connection that it does not have', '--connection reports', undefined, 'has no TypeORM connection "reports"'],
    ['an app that cannot start', '', module_(fromConfig().replace("'DB'", "'NOWHERE'")), 'could not be made'],
  ])('says what is wrong: %s', async (_title, flags, text, message) => {
    if (text !== undefined) project.write('src/app.module.ts', text);
    const { code, stderr } = await cli('status', ...flags.split(' ').filter(Boolean));
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it('is refused while it synchronizes', async () => {
    project.write('src/app.module.ts', module_(fromConfig('synchronize: true')));
    const { code, stderr } = await cli('run');
    expect(stderr).toContain('says synchronize: true');
    expect(code).toBe(2);
  });
});
