export type Files = Readonly<Record<string, string>>;

/** What connects: the variables in which projects have it, under whichever names. */
export interface Address {
  readonly url: string;
  readonly host: string;
  readonly port: string;
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

/** A small project of our own in a shape in which projects exist that nest-migrate was not built for. */
export interface FieldProject {
  readonly name: string;
  readonly files: Files;
  /** What the app adds when it takes nest-migrate into its modules, after `init`. */
  readonly adopted?: Files;
  /** What a DBA has prepared, in the database and as its owner; `migrating` is the role that migrates, `app` that of the app. */
  readonly prepared: (migrating: string, app: string) => string;
  /** The files of changes of entities, one after the other; most have three. */
  readonly changes: readonly Files[];
  /** What the migrations of these changes say, and what they must not say. */
  readonly writes: RegExp;
  readonly neverWrites?: RegExp;
  /** Where the commands are typed, and where migrations are. */
  readonly cwd?: string;
  readonly migrations?: string;
  /** The file that `init` says every command reads. */
  readonly reads?: string;
  /** Under which names it has its address; in a file `.env` where the app loads that. */
  readonly variables?: (address: Address) => Readonly<Record<string, string>>;
  readonly dotenv?: true;
  /** What happens first; a database that `synchronize` has made is put under migrations. */
  readonly first?: 'run' | 'baseline';
  /** Whether what is pending is planned on a copy of the database first. */
  readonly plans?: true;
  /** What `revert` of everything says: success, unless a down fails. */
  readonly reverts?: RegExp;
  /** Links in node_modules, to folders of the project. */
  readonly links?: Readonly<Record<string, string>>;
  /** What builds it, as arguments of Node; and what of it production runs, with its flags. */
  readonly build?: readonly (readonly string[])[];
  readonly main?: string;
  readonly production?: readonly string[];
}

/** As `nest build` compiles. */
export const usualBuild = [
  ['node_modules/typescript/bin/tsc', '-p', '.', '--noCheck', '--ignoreDeprecations', '6.0'],
] as const;

export const compilerOptions = {
  module: 'commonjs',
  target: 'es2022',
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  strict: false,
  skipLibCheck: true,
  outDir: './dist',
  rootDir: './src',
} as const;

export const commonJs = {
  'package.json': '{ "name": "app", "dependencies": { "@nestjs/core": "^12.0.0" } }',
  'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
} as const;

/** Boots, and says what is pending then. */
export const mainOf = (dataSource: string, module = '', kind: 'esm' | 'cjs' = 'cjs'): string => {
  const ending = kind === 'esm' ? '.js' : '';
  const own = `class AppModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource })] })(AppModule);`;
  const given =
    module === ''
      ? `import dataSource from '${dataSource}${ending}';`
      : `import { AppModule } from '${module}${ending}';`;
  return `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MigrationsModule, MigrationsService } from 'nest-migrate';
${given}
${module === '' ? own : 'void [Module, MigrationsModule];'}
async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const { pending, problems } = await app.get(MigrationsService).status();
  console.log('booted, pending: ' + pending.length + ', problems: ' + JSON.stringify(problems));
  await app.close();
}
void main();
`;
};

const address = 'url: process.env.DATABASE_URL,';
/** As example files for the environment have it: what is not used is empty. */
export const parts = `url: process.env.NO_ADDRESS ?? '',
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  username: process.env.DB_USER,
  password: process.env.DB_PASSWORD,
  database: process.env.DB_NAME,`;

export const dataSource = (options: string, connection = address): string => `import 'reflect-metadata';
import { DataSource } from 'typeorm';
export default new DataSource({
  type: 'postgres',
  ${connection}
  entities: [__dirname + '/**/*.entity{.ts,.js}'],
  migrations: [__dirname + '/migrations/*{.ts,.js}'],
  ${options}
});
`;

export const migration = (name: string, up: string, down: string, more = ''): string =>
  `import { MigrationInterface, QueryRunner } from 'typeorm';
${more}
export class ${name} implements MigrationInterface {
  name = '${name}';
  public async up(queryRunner: QueryRunner): Promise<void> {
${up}
  }
  public async down(queryRunner: QueryRunner): Promise<void> {
${down}
  }
}
`;

export const query = (...statements: readonly string[]): string =>
  statements.map((sql) => `    await queryRunner.query(\`${sql}\`);`).join('\n');

export const mayCreate = (migrating: string): string => `GRANT ALL ON SCHEMA public TO ${migrating}`;

export const account = (
  columns = '',
  imports = '',
): string => `import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
${imports}
@Entity('account')
export class Account {
  @PrimaryGeneratedColumn() id: number;
  @Column() owner: string;
  ${columns}
}
`;

export const createAccount = `CREATE TABLE "account" ("id" SERIAL NOT NULL, "owner" character varying NOT NULL, CONSTRAINT "PK_54115ee388cdb6d86bb4bf5b2ea" PRIMARY KEY ("id"))`;

const tag = (account: string): string => `import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Account } from '${account}';
@Entity('tag')
export class Tag {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) name: string;
  @ManyToOne(() => Account, { onDelete: 'CASCADE' }) account: Relation<Account>;
}
`;

/** A column more, a table that refers to it, and an index with a default on the column. */
export const changesOfAccount = (folder: string, ending = ''): readonly [Files, Files, Files] => [
  { [`${folder}/account.entity.ts`]: account('@Column({ nullable: true }) note: string;') },
  { [`${folder}/tag.entity.ts`]: tag(`./account.entity${ending}`) },
  { [`${folder}/account.entity.ts`]: account(`@Index() @Column({ nullable: true, default: 'none' }) note: string;`) },
];

export const writesAccount =
  /ALTER TABLE [^]*"account" ADD COLUMN "note"[^]*CREATE TABLE [^]*"tag"[^]*SET DEFAULT 'none'/;
