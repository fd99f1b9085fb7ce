import {
  account,
  changesOfAccount,
  commonJs,
  createAccount,
  dataSource,
  mainOf,
  mayCreate,
  migration,
  parts,
  query,
  writesAccount,
  usualBuild,
} from './shape.js';
import { javaScript, monorepo, nx, synchronized, workspace } from './layouts.js';
import type { FieldProject } from './shape.js';

const user = (columns = ''): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('user')
export class User {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ unique: true }) email: string;
  ${columns}
}
`;

const uuidKeys: FieldProject = {
  name: 'uuid keys, as TypeORM writes them',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource(''),
    'src/users/user.entity.ts': user(),
    'src/migrations/1600000000000-CreateUser.ts': migration(
      'CreateUser1600000000000',
      query(
        `CREATE TABLE "user" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "email" character varying NOT NULL, CONSTRAINT "UQ_e12875dfb3b1d92d7d7c5377e22" UNIQUE ("email"), CONSTRAINT "PK_cace4a159ff9f2512dd42373760" PRIMARY KEY ("id"))`,
      ),
      query('DROP TABLE "user"'),
    ),
  },
  prepared: (migrating) => `${mayCreate(migrating)}; CREATE EXTENSION "uuid-ossp"`,
  changes: [
    { 'src/users/user.entity.ts': user('@Column({ nullable: true }) nick: string;') },
    {
      'src/tags/tag.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity() export class Tag { @PrimaryGeneratedColumn('uuid') id: string; @Column() name: string; }
`,
    },
    { 'src/users/user.entity.ts': user("@Column({ nullable: true, unique: true, default: 'none' }) nick: string;") },
  ],
  writes: /CREATE TABLE "tag" \(\s*"id" uuid NOT NULL DEFAULT uuid_generate_v4\(\)/,
  neverWrites: /EXTENSION/,
};

const label = `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('label') export class Label { @PrimaryGeneratedColumn() id: number; @Column({ unique: true }) name: string; }
`;

const order = (
  columns = '',
  states = "'new', 'paid'",
): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn() id: number;
  @Column('enum', { enum: [${states}], default: 'new' }) state: string;
  ${columns}
}
`;

const schemaOfDba: FieldProject = {
  name: 'a schema that an administrator has created, and migrations that name it',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource(`schema: 'app',`),
    'src/order.entity.ts': order(),
    'src/migrations/1600000000000-Orders.ts': migration(
      'Orders1600000000000',
      query(
        `CREATE TYPE "app"."orders_state_enum" AS ENUM('new', 'paid')`,
        `CREATE TABLE "app"."orders" ("id" SERIAL NOT NULL, "state" "app"."orders_state_enum" NOT NULL DEFAULT 'new', CONSTRAINT "PK_710e2d4957aa5878dfe94e4ac2f" PRIMARY KEY ("id"))`,
      ),
      query('DROP TABLE "app"."orders"', 'DROP TYPE "app"."orders_state_enum"'),
    ),
  },
  prepared: (migrating) => `CREATE SCHEMA app; GRANT ALL ON SCHEMA app TO ${migrating}`,
  changes: [
    { 'src/order.entity.ts': order('@Column({ nullable: true }) note: string;') },
    { 'src/label.entity.ts': label },
    { 'src/order.entity.ts': order('@Column({ nullable: true }) note: string;', "'new', 'paid', 'sent'") },
  ],
  writes: /ALTER TABLE "app"\."orders" ADD COLUMN "note" character varying/,
  neverWrites: /SCHEMA/,
};

const searchPath: FieldProject = {
  name: 'a search_path in extra.options, and migrations that name no schema',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource(`schema: 'app', extra: { options: '-c search_path=app' },`),
    'src/order.entity.ts': order(),
    'src/migrations/1600000000000-Orders.ts': migration(
      'Orders1600000000000',
      query(
        `CREATE TYPE "orders_state_enum" AS ENUM('new', 'paid')`,
        `CREATE TABLE "orders" ("id" SERIAL NOT NULL, "state" "orders_state_enum" NOT NULL DEFAULT 'new', CONSTRAINT "PK_710e2d4957aa5878dfe94e4ac2f" PRIMARY KEY ("id"))`,
      ),
      query('DROP TABLE "orders"', 'DROP TYPE "orders_state_enum"'),
    ),
  },
  prepared: (migrating) => `CREATE SCHEMA app; GRANT ALL ON SCHEMA app TO ${migrating}`,
  changes: [
    { 'src/order.entity.ts': order('@Column({ nullable: true }) note: string;') },
    { 'src/label.entity.ts': label },
    { 'src/order.entity.ts': order('@Column({ nullable: true }) note: string;', "'new', 'paid', 'sent'") },
  ],
  writes: /ALTER TABLE ("app"\.)?"orders" ADD COLUMN "note" character varying/,
  neverWrites: /SCHEMA|"public"/,
};

const inSearchPath: Pick<FieldProject, 'files' | 'changes' | 'writes' | 'neverWrites'> = {
  files: {
    ...searchPath.files,
    // A view, whose schema TypeORM keeps in a table of its own.
    'src/note.entity.ts': `import { ViewColumn, ViewEntity } from 'typeorm';
@ViewEntity({ name: 'states', expression: 'SELECT id, state FROM orders' })
export class States { @ViewColumn() id: number; @ViewColumn() state: string; }
`,
    'src/migrations/1600000000001-States.ts': migration(
      'States1600000000001',
      query(
        'CREATE VIEW "states" AS SELECT id, state FROM orders',
        `INSERT INTO "typeorm_metadata"("database", "schema", "table", "type", "name", "value") VALUES (current_database(), current_schema(), NULL, 'VIEW', 'states', 'SELECT id, state FROM orders')`,
      ),
      query(`DELETE FROM "typeorm_metadata" WHERE "name" = 'states'`, 'DROP VIEW "states"'),
    ),
  },
  changes: [
    {
      'src/order.entity.ts': order(
        `@Column('enum', { enum: ['a', 'b'], nullable: true }) kind: string; @Index() @Column({ nullable: true }) note: string;`,
      ).replace('Entity,', 'Entity, Index,'),
      'src/note.entity.ts': `import { ViewColumn, ViewEntity } from 'typeorm';
@ViewEntity({ name: 'states', expression: 'SELECT id, state, note FROM orders' })
export class States { @ViewColumn() id: number; @ViewColumn() state: string; @ViewColumn() note: string; }
`,
    },
  ],
  writes: /ALTER TABLE "orders" ADD COLUMN "note" character varying[^]*CREATE (?:OR REPLACE )?VIEW "states"/,
  neverWrites: /SCHEMA|public"?\.|"app"|^(?!\s*\/\/).*\bapp\./m,
};

const optionsAlone: FieldProject = {
  ...inSearchPath,
  name: 'a search_path in extra.options alone',
  files: {
    ...inSearchPath.files,
    'src/data-source.ts': dataSource(`extra: { options: '-c search_path=app' },`),
  },
  prepared: searchPath.prepared,
  plans: true,
};

const roleAlone: FieldProject = {
  ...inSearchPath,
  name: 'a search_path of the role, which the project does not mention',
  files: { ...inSearchPath.files, 'src/data-source.ts': dataSource('') },
  prepared: (migrating, app) =>
    `${searchPath.prepared(migrating, app)}; ALTER ROLE ${migrating} SET search_path = app; ALTER ROLE ${app} SET search_path = app`,
};

/** The roles are the server's, which all tests share: `run` makes them in the test, under these names. */
export const roles = ['field_app', 'field_reader'] as const;

const namesRoles: FieldProject = {
  name: 'roles that migrations name',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource(''),
    'src/account.entity.ts': account(),
    'src/migrations/1600000000000-Account.ts': migration(
      'Account1600000000000',
      query(
        createAccount,
        'GRANT SELECT, INSERT ON "account" TO field_app, field_reader',
        'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO field_reader',
      ),
      query(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM field_reader',
        'DROP TABLE "account"',
      ),
    ),
    'src/migrations/1600000000001-Policies.ts': migration(
      'Policies1600000000001',
      query(
        'ALTER TABLE "account" ENABLE ROW LEVEL SECURITY',
        'CREATE POLICY "own" ON "account" TO field_app USING ("owner" = current_user)',
        'CREATE FUNCTION accounts() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM account $$',
        'ALTER FUNCTION accounts() OWNER TO field_app',
        'SET LOCAL ROLE field_app',
        "COMMENT ON FUNCTION accounts() IS 'of the app'",
        'RESET ROLE',
      ),
      query(
        'DROP FUNCTION accounts()',
        'DROP POLICY "own" ON "account"',
        'ALTER TABLE "account" DISABLE ROW LEVEL SECURITY',
      ),
    ),
  },
  prepared: (migrating) =>
    `${mayCreate(migrating)}; GRANT CREATE ON SCHEMA public TO field_app; GRANT field_app TO ${migrating}`,
  changes: changesOfAccount('src'),
  writes: writesAccount,
  neverWrites: /ROLE|GRANT|POLICY/,
};

const product = (columns = ''): string => `import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { kinds } from '../shared/kinds';
@Entity('product')
@Index('product_sku_idx', ['sku'])
export class Product {
  @PrimaryGeneratedColumn() id: number;
  @Column({ default: kinds[0] }) kind: string;
  @Column({ nullable: true }) sku: string;
  ${columns}
}
`;

const code: FieldProject = {
  name: 'migrations with program code',
  // What a migration reads is copied by the assets of nest-cli.json.
  build: [...usualBuild, ['--eval', "fs.cpSync('src/migrations/sql', 'dist/migrations/sql', { recursive: true })"]],
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource(''),
    'src/shared/kinds.ts': `export const kinds = ['book', 'toy'];
export enum Setting { Currency = 'currency' }
`,
    'src/entities/product.entity.ts': product(),
    'src/entities/setting.entity.ts': `import { Column, Entity, PrimaryColumn } from 'typeorm';
@Entity('setting') export class Setting { @PrimaryColumn() key: string; @Column() value: string; }
`,
    'src/migrations/1600000000000-Product.ts': migration(
      'Product1600000000000',
      `    await queryRunner.createTable(new Table({
      name: 'product',
      columns: [
        { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment', primaryKeyConstraintName: 'PK_bebc9158e480b949565b4dc7a82' },
        { name: 'kind', type: 'varchar', default: \`'\${kinds[0]}'\` },
      ],
    }), true);
    await queryRunner.addColumn('product', new TableColumn({ name: 'sku', type: 'varchar', isNullable: true }));`,
      `    await queryRunner.dropTable('product');`,
      `import { Table, TableColumn } from 'typeorm';
import { kinds } from '../shared/kinds';`,
    ),
    'src/migrations/1600000000001-FromFile.ts': migration(
      'FromFile1600000000001',
      `    await queryRunner.query(readFileSync(join(__dirname, 'sql', 'setting.sql'), 'utf8'));
    for (const { name } of await queryRunner.query("SELECT unnest(ARRAY['sku']) AS name"))
      await queryRunner.query(\`CREATE INDEX product_\${name}_idx ON product (\${name})\`);`,
      `    await queryRunner.query('DROP TABLE setting');
    await queryRunner.query('DROP INDEX product_sku_idx');`,
      `import { readFileSync } from 'node:fs';
import { join } from 'node:path';`,
    ),
    'src/migrations/sql/setting.sql': `CREATE TABLE setting (key varchar NOT NULL, value varchar NOT NULL);
ALTER TABLE setting ADD CONSTRAINT "PK_1c4c95d773004250c157a744d6e" PRIMARY KEY (key);
`,
    // Each of these asks for a connection of its own, beside the one of the migration.
    'src/migrations/1600000000002-Rows.ts': migration(
      'Rows1600000000002',
      `    await queryRunner.connection.manager.query("INSERT INTO setting VALUES ('region', 'EU')");
    await queryRunner.manager.getRepository(Setting).save({ key: Key.Currency, value: 'EUR' });
    await queryRunner.connection.getRepository(Setting).update({ key: 'region' }, { value: 'UK' });
    await queryRunner.connection.transaction(async (manager) => {
      await manager.query("INSERT INTO product (kind, sku) VALUES ('toy', 'T1')");
    });
    const other = queryRunner.connection.createQueryRunner();
    await other.connect();
    await other.startTransaction();
    await other.query("UPDATE product SET sku = 'T2' WHERE sku = 'T1'");
    await other.rollbackTransaction();
    await other.release();
    const [{ count }] = await queryRunner.query("SELECT count(*)::int FROM product JOIN setting ON sku = 'T1' AND value IN ('UK', 'EUR')");
    if (count !== 2) throw new Error(\`\${count} rows\`);`,
      query('DELETE FROM setting', 'DELETE FROM product'),
      `import { Setting } from '../entities/setting.entity';
import { Setting as Key } from '../shared/kinds';`,
    ),
  },
  prepared: mayCreate,
  changes: [
    { 'src/entities/product.entity.ts': product('@Column({ nullable: true }) note: string;') },
    { 'src/entities/label.entity.ts': label },
    { 'src/entities/product.entity.ts': product('@Column({ nullable: true, length: 40 }) note: string;') },
  ],
  writes: /ALTER TABLE "product" ADD COLUMN "note" character varying/,
};

const otherName: FieldProject = {
  name: 'a migration whose name is not that of its class',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource('', parts),
    'src/account.entity.ts': account(),
    'src/migrations/1600000000000-create-account.ts': migration(
      'CreateAccount1600000000000',
      query(createAccount),
      query('DROP TABLE "account"'),
    ).replace("name = 'CreateAccount1600000000000'", "name = 'AccountTable1600000000000'"),
  },
  prepared: mayCreate,
  changes: changesOfAccount('src'),
  writes: writesAccount,
};

const member = (
  columns = '',
): string => `import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
@Entity('member')
@Check('member_mail', "mail <> 'unknown'::citext")
export class Member {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Index('member_mail_index') @Column('citext') mail: string;
  ${columns}
}
`;

const ownExtensions: FieldProject = {
  name: 'extensions of another role in a schema of their own, which is in the search path of the role',
  files: {
    ...commonJs,
    'src/main.ts': mainOf('./data-source'),
    'src/data-source.ts': dataSource(''),
    'src/member.entity.ts': member(),
    'src/migrations/1600000000000-Member.ts': migration(
      'Member1600000000000',
      query(
        `CREATE TABLE "member" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "mail" citext NOT NULL, CONSTRAINT "member_mail" CHECK (mail <> 'unknown'::citext), CONSTRAINT "PK_97cbbe986ce9d14ca5894fdc072" PRIMARY KEY ("id"))`,
        `CREATE INDEX "member_mail_index" ON "member" ("mail")`,
      ),
      query('DROP TABLE "member"'),
    ),
  },
  prepared: (
    migrating,
  ) => `${mayCreate(migrating)}; CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO ${migrating};
    CREATE EXTENSION "uuid-ossp" SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions;
    ALTER ROLE ${migrating} SET search_path = "$user", public, extensions`,
  changes: [
    {
      'src/member.entity.ts': member(
        `@Column('uuid', { default: () => 'uuid_generate_v4()' }) token: string; @Column('citext', { nullable: true }) nick: string;`,
      ),
    },
    {
      'src/tag.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('tag') export class Tag { @PrimaryGeneratedColumn('uuid') id: string; @Column('citext', { array: true }) names: string[]; }
`,
    },
    {
      'src/member.entity.ts': member(
        `@Column('uuid', { default: () => 'uuid_generate_v4()' }) token: string; @Column('citext', { nullable: true, unique: true }) nick: string;`,
      ),
    },
  ],
  writes:
    /"names" citext(?:\[\])+ NOT NULL[^]*SET DEFAULT uuid_generate_v4\(\)|SET DEFAULT uuid_generate_v4\(\)[^]*"names" citext(?:\[\])+/,
  neverWrites: /EXTENSION|(?:public|extensions)"?\.(?:uuid|citext)/,
  plans: true,
};

const place = (columns = ''): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('place')
export class Place {
  @PrimaryGeneratedColumn() id: number;
  ${columns}
}
`;

/** Its role may install nothing: what it needs, a DBA installs when \`run\` says so. */
export const newExtensions: FieldProject = {
  name: 'extensions that only an administrator may install',
  files: {
    ...commonJs,
    'src/data-source.ts': dataSource('installExtensions: false,'),
    'src/place.entity.ts': place(),
    'src/migrations/1600000000000-Place.ts': migration(
      'Place1600000000000',
      query(
        `CREATE TABLE "place" ("id" SERIAL NOT NULL, CONSTRAINT "PK_96ab91d43aa89c5de1b59ee7cca" PRIMARY KEY ("id"))`,
      ),
      query('DROP TABLE "place"'),
    ),
  },
  prepared: mayCreate,
  changes: [
    {
      'src/place.entity.ts': place(
        `@Column('float', { default: () => 'earth_distance(ll_to_earth(0, 0), ll_to_earth(1, 1))' }) distance: number;`,
      ),
      'src/box.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('box') export class Box { @PrimaryGeneratedColumn() id: number; @Column('cube') size: string; }
`,
    },
  ],
  writes: /CREATE EXTENSION IF NOT EXISTS "cube"[^]*"earthdistance"[^]*class Change\d+ [^]*CREATE TABLE[^]*ADD COLUMN/,
};

const compiledNames: FieldProject = {
  name: 'a data source that names compiled files, and a build that deletes them',
  files: {
    'package.json':
      '{ "name": "app", "dependencies": { "@nestjs/core": "^12.0.0" }, "scripts": { "migrate": "typeorm migration:run -d ./dist/config/typeorm.js" } }',
    'nest-cli.json': '{ "sourceRoot": "src", "compilerOptions": { "deleteOutDir": true } }',
    'tsconfig.json': commonJs['tsconfig.json'],
    'src/main.ts': mainOf('./config/typeorm'),
    'src/config/typeorm.ts': dataSource('')
      .replace(`__dirname + '/**/*.entity{.ts,.js}'`, `'dist/**/*.entity{.ts,.js}'`)
      .replace(`__dirname + '/migrations/*{.ts,.js}'`, `'dist/migrations/*{.ts,.js}'`),
    'src/account.entity.ts': account(),
    'src/migrations/1600000000000-Account.ts': migration(
      'Account1600000000000',
      `    await queryRunner.query(\`${createAccount}\`);
    await queryRunner.manager.getRepository(Account).update({ owner: 'none' }, { owner: 'first' });`,
      query('DROP TABLE "account"'),
      `import { Account } from '../account.entity';`,
    ),
    // As a build of another branch has left them.
    'dist/account.entity.js': 'throw new Error("an old entity was loaded");',
    'dist/migrations/1600000000000-Account.js': 'throw new Error("an old migration was loaded");',
  },
  prepared: mayCreate,
  changes: changesOfAccount('src'),
  writes: writesAccount,
  reads: 'src/config/typeorm.ts',
  build: [['node_modules/@nestjs/cli/bin/nest.js', 'build']],
};

/** In an order in which every fifth is one of each kind: a server, a build, an app without a data source. */
export const projects: readonly FieldProject[] = [
  ownExtensions,
  uuidKeys,
  schemaOfDba,
  searchPath,
  roleAlone,
  compiledNames,
  optionsAlone,
  namesRoles,
  code,
  otherName,
  synchronized,
  monorepo,
  workspace,
  javaScript,
  nx,
];
