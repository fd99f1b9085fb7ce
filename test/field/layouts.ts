import {
  account,
  changesOfAccount,
  commonJs,
  compilerOptions,
  createAccount,
  dataSource,
  mainOf,
  mayCreate,
  migration,
  query,
  writesAccount,
} from './shape.js';
import type { Address, FieldProject } from './shape.js';

/** Projects whose files lie elsewhere, or are of another kind. */

const config = (options: object, include: readonly string[]): string =>
  JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, include });

/** TypeORM's `--outputJs --esm`: migrations are not compiled, and lie beside the sources. */
export const javaScript: FieldProject = {
  name: 'migrations as JavaScript, in an app of ES modules',
  files: {
    'package.json': '{ "name": "app", "type": "module", "dependencies": { "@nestjs/core": "^12.0.0" } }',
    'tsconfig.json': config({ module: 'nodenext' }, ['src']),
    'src/main.ts': mainOf('./data-source', '', 'esm'),
    'src/data-source.ts': `import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { Account } from './account.entity.js';
import { Tag } from './tag.entity.js';
export const AppDataSource = new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  applicationName: 'app',
  cache: true,
  entities: [Account, Tag],
  migrations: ['migration/*.js'],
});
export default AppDataSource;
`,
    'src/account.entity.ts': account(),
    'src/tag.entity.ts': 'export class Tag {}',
    'migration/1600000000000-Account.js': `/** @typedef {import('typeorm').MigrationInterface} MigrationInterface */
/** @class @implements {MigrationInterface} */
export class Account1600000000000 {
  name = 'Account1600000000000';
  async up(queryRunner) { await queryRunner.query(\`${createAccount}\`); }
  async down(queryRunner) { await queryRunner.query('DROP TABLE "account"'); }
}
`,
  },
  prepared: mayCreate,
  changes: changesOfAccount('src', '.js'),
  writes: writesAccount,
  neverWrites: /: QueryRunner|import |public async/,
  migrations: 'migration',
};

/** The package is compiled before the app, and the app's sources reach its sources by `paths`. */
export const workspace: FieldProject = {
  name: 'entities in another package of the workspace, migrations in the app',
  files: {
    'package.json': '{ "name": "all", "private": true, "workspaces": ["packages/*", "apps/*"] }',
    'tsconfig.base.json': JSON.stringify({
      compilerOptions: { ...compilerOptions, outDir: undefined, rootDir: undefined },
    }),
    'packages/entities/package.json':
      '{ "name": "@acme/entities", "main": "dist/index.js", "types": "dist/index.d.ts" }',
    'packages/entities/tsconfig.json':
      '{ "extends": "../../tsconfig.base.json", "compilerOptions": { "outDir": "dist", "rootDir": "src", "declaration": true }, "include": ["src"] }',
    'packages/entities/src/index.ts': `export * from './account.entity';`,
    'packages/entities/src/account.entity.ts': account(),
    'apps/api/package.json':
      '{ "name": "api", "dependencies": { "@nestjs/core": "^12.0.0", "@acme/entities": "*" }, "scripts": { "typeorm": "typeorm-ts-node-commonjs -d src/database/data-source.ts" } }',
    'apps/api/tsconfig.json': JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: { outDir: 'dist', paths: { '@acme/entities': ['../../packages/entities/src'] } },
      include: ['src'],
    }),
    'apps/api/tsconfig.build.json': JSON.stringify({
      extends: './tsconfig.json',
      compilerOptions: { rootDir: 'src', paths: {} },
    }),
    'apps/api/src/main.ts': mainOf('./database/data-source'),
    'apps/api/src/database/data-source.ts': dataSource('')
      .replace(`[__dirname + '/**/*.entity{.ts,.js}']`, 'Object.values(entities)')
      .replace('export default', `import * as entities from '@acme/entities';\nexport default`),
    'apps/api/src/database/migrations/1600000000000-Account.ts': migration(
      'Account1600000000000',
      query(createAccount),
      query('DROP TABLE "account"'),
    ),
  },
  cwd: 'apps/api',
  migrations: 'apps/api/src/database/migrations',
  reads: 'src/database/data-source.ts',
  links: { '@acme/entities': 'packages/entities' },
  prepared: mayCreate,
  changes: (([first, second, third]) => [
    first,
    {
      ...second,
      'packages/entities/src/index.ts': `export * from './account.entity';\nexport * from './tag.entity';`,
    },
    third,
  ])(changesOfAccount('packages/entities/src')),
  writes: writesAccount,
  build: [
    ['../../node_modules/typescript/bin/tsc', '-p', '../../packages/entities', '--ignoreDeprecations', '6.0'],
    ['../../node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--ignoreDeprecations', '6.0'],
  ],
};

export const monorepo: FieldProject = {
  name: 'a Nest monorepo whose data source, entities and migrations are in a library',
  files: {
    'package.json': '{ "name": "all", "private": true, "dependencies": { "@nestjs/core": "^12.0.0" } }',
    'nest-cli.json': JSON.stringify({
      monorepo: true,
      root: 'apps/api',
      sourceRoot: 'apps/api/src',
      compilerOptions: { deleteOutDir: true, webpack: false, tsConfigPath: 'apps/api/tsconfig.app.json' },
      projects: {
        api: {
          type: 'application',
          root: 'apps/api',
          entryFile: 'main',
          sourceRoot: 'apps/api/src',
          compilerOptions: { tsConfigPath: 'apps/api/tsconfig.app.json' },
        },
        db: {
          type: 'library',
          root: 'libs/db',
          entryFile: 'index',
          sourceRoot: 'libs/db/src',
          compilerOptions: { tsConfigPath: 'libs/db/tsconfig.lib.json' },
        },
      },
    }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...compilerOptions,
        rootDir: '.',
        paths: { '@app/db': ['./libs/db/src'], '@app/db/*': ['./libs/db/src/*'] },
      },
    }),
    'apps/api/tsconfig.app.json':
      '{ "extends": "../../tsconfig.json", "compilerOptions": { "outDir": "../../dist/apps/api" }, "include": ["src/**/*", "../../libs/**/*"] }',
    'libs/db/tsconfig.lib.json':
      '{ "extends": "../../tsconfig.json", "compilerOptions": { "outDir": "../../dist/libs/db" }, "include": ["src/**/*"] }',
    'apps/api/src/main.ts': mainOf('', './app.module'),
    'apps/api/src/app.module.ts': `import { Module } from '@nestjs/common';
import { dataSource } from '@app/db';
import { MigrationsModule } from 'nest-migrate';
@Module({ imports: [MigrationsModule.forRoot({ dataSource })] })
export class AppModule {}
`,
    'libs/db/src/index.ts': `export { default as dataSource } from './data-source';`,
    'libs/db/src/data-source.ts': dataSource(''),
    'libs/db/src/entities/account.entity.ts': account('', `import { owner } from '@app/db/constants';\nvoid owner;`),
    'libs/db/src/constants.ts': `export const owner = 'first';`,
    'libs/db/src/migrations/1600000000000-Account.ts': migration(
      'Account1600000000000',
      query(createAccount, "INSERT INTO account (owner) VALUES ('${owner}')"),
      query('DROP TABLE "account"'),
      `import { owner } from '@app/db/constants';`,
    ),
  },
  migrations: 'libs/db/src/migrations',
  reads: 'libs/db/src/data-source.ts',
  prepared: mayCreate,
  changes: changesOfAccount('libs/db/src/entities'),
  writes: writesAccount,
  build: [['node_modules/@nestjs/cli/bin/nest.js', 'build', 'api']],
  main: 'dist/apps/api/apps/api/src/main.js',
  production: ['-d', 'dist/apps/api/libs/db/src/data-source.js'],
};

const databaseVariables = ({ host, port, name, user, password }: Address): Readonly<Record<string, string>> => ({
  DATABASE_HOST: host,
  DATABASE_PORT: port,
  DATABASE_NAME: name,
  DATABASE_USER: user,
  DATABASE_PASSWORD: password,
});

const appModule = (connecting: string): string => `import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TypeOrmModule } from '@nestjs/typeorm';
${connecting.includes('migrated') ? `import { join } from 'node:path';\nimport { migrated, MigrationsModule } from 'nest-migrate';` : ''}
import { AccountModule } from './account/account.module';
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    ${connecting}
    AccountModule,
  ],
})
export class AppModule {}
`;
const options = (more: string): string => `{
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        type: 'postgres' as const,
        host: config.getOrThrow<string>('DATABASE_HOST'),
        port: Number(config.getOrThrow('DATABASE_PORT')),
        username: config.getOrThrow<string>('DATABASE_USER'),
        password: config.getOrThrow<string>('DATABASE_PASSWORD'),
        database: config.getOrThrow<string>('DATABASE_NAME'),
        autoLoadEntities: true,
        ${more}
      }),
    }`;

/** Until now, each boot has changed the database as the entities are. */
export const synchronized: FieldProject = {
  name: 'an app that uses synchronize, with a .env that its ConfigModule loads',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('', './app.module'),
    'src/app.module.ts': appModule(`TypeOrmModule.forRootAsync(${options('synchronize: true,')}),`),
    'src/account/account.module.ts': `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import * as account from './account.entity';
import * as tag from './tag.entity';
@Module({ imports: [TypeOrmModule.forFeature([account.Account, ...('Tag' in tag ? [tag.Tag as never] : [])])] })
export class AccountModule {}
`,
    'src/account/account.entity.ts': account(),
    'src/account/tag.entity.ts': 'export {};',
  },
  adopted: {
    'src/app.module.ts': appModule(
      `TypeOrmModule.forRootAsync(migrated(${options("synchronize: false,\n        migrations: [join(__dirname, 'migrations/*{.ts,.js}')],")})),
    MigrationsModule.forRoot({ onBootstrap: 'off' }),`,
    ),
  },
  dotenv: true,
  variables: databaseVariables,
  reads: 'src/app.module.ts',
  first: 'baseline',
  prepared: (migrating) => `${mayCreate(migrating)}; SET ROLE ${migrating}; ${createAccount}; RESET ROLE`,
  changes: changesOfAccount('src/account'),
  writes: writesAccount,
  production: ['--app', 'dist/app.module.js'],
};

const prefixed = `import { DefaultNamingStrategy } from 'typeorm';
export class PrefixedNamingStrategy extends DefaultNamingStrategy {
  columnName(property: string, given: string, prefixes: string[]): string { return 'c_' + super.columnName(property, given, prefixes); }
}
`;

/** Only tsconfig.base.json at the root, a solution-style tsconfig in the app, and classes that a naming strategy maps. */
export const nx: FieldProject = {
  name: 'an Nx workspace whose scripts name the data source, with a naming strategy and a handwritten migration',
  files: {
    'package.json': JSON.stringify({
      name: '@acme/source',
      dependencies: { '@nestjs/core': '^12.0.0' },
      scripts: {
        typeorm:
          'ts-node -r tsconfig-paths/register --project apps/backend/tsconfig.app.json ./node_modules/typeorm/cli.js',
        'migration:run': 'npm run typeorm -- migration:run -d apps/backend/src/data-source.ts',
      },
    }),
    'nx.json': '{}',
    'tsconfig.base.json': config({ ...compilerOptions, outDir: undefined, rootDir: '.', baseUrl: '.' }, []),
    'apps/backend/project.json':
      '{ "name": "backend", "projectType": "application", "sourceRoot": "apps/backend/src" }',
    'apps/backend/tsconfig.json':
      '{ "extends": "../../tsconfig.base.json", "files": [], "include": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./tsconfig.spec.json" }] }',
    'apps/backend/tsconfig.app.json':
      '{ "extends": "./tsconfig.json", "compilerOptions": { "outDir": "../../dist/out-tsc" }, "include": ["src/**/*.ts"] }',
    'apps/backend/src/main.ts': mainOf('./data-source'),
    'apps/backend/src/naming.strategy.ts': prefixed,
    'apps/backend/src/data-source.ts': dataSource('namingStrategy: new PrefixedNamingStrategy(),')
      .replace(`[__dirname + '/**/*.entity{.ts,.js}']`, '[Account, ...(Tag ? [Tag] : [])]')
      .replace(
        'export default',
        `import { Account } from './account.entity';\nimport { Tag } from './tag.entity';\nimport { PrefixedNamingStrategy } from './naming.strategy';\nexport default`,
      ),
    'apps/backend/src/account.entity.ts': account(),
    'apps/backend/src/tag.entity.ts': 'export const Tag = undefined;',
    'apps/backend/src/migrations/1600000000000-Account.ts': migration(
      'Account1600000000000',
      query(
        'CREATE TABLE account (c_id serial CONSTRAINT "PK_730d426c77cc42a7cbf2e73da92" PRIMARY KEY, c_owner varchar NOT NULL)',
      ),
      query('DROP TABLE account'),
    ),
  },
  reads: 'apps/backend/src/data-source.ts',
  migrations: 'apps/backend/src/migrations',
  prepared: mayCreate,
  changes: changesOfAccount('apps/backend/src'),
  writes: /"account" ADD COLUMN "c_note"[^]*CREATE TABLE [^]*"tag"[^]*SET DEFAULT 'none'/,
  build: [
    [
      'node_modules/typescript/bin/tsc',
      '-p',
      'apps/backend/tsconfig.app.json',
      '--noCheck',
      '--ignoreDeprecations',
      '6.0',
    ],
  ],
  main: 'dist/out-tsc/apps/backend/src/main.js',
  production: ['-d', 'dist/out-tsc/apps/backend/src/data-source.js'],
};
