import { Table, TableCheck, TableColumn, TableForeignKey, TableIndex, TableUnique } from 'typeorm';
import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { linked, orders, roles, users } from './given.js';

/** What no look at the text can tell: the API of TypeORM, loops, put-together statements, blocks and functions. */
export const code: readonly Entry[] = [
  {
    name: 'createTable with columns, indexes and a foreign key',
    given: users,
    migration: (queryRunner) =>
      queryRunner.createTable(
        new Table({
          name: 'photos',
          columns: [
            { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
            { name: 'user_id', type: 'int', isNullable: false },
            { name: 'url', type: 'varchar', length: '2000', isUnique: true },
          ],
          indices: [{ name: 'photos_user', columnNames: ['user_id'] }],
          foreignKeys: [
            {
              columnNames: ['user_id'],
              referencedTableName: 'users',
              referencedColumnNames: ['id'],
              onDelete: 'CASCADE',
            },
          ],
        }),
        true,
      ),
  },
  {
    name: 'addColumn that may be empty',
    given: users,
    migration: (queryRunner) =>
      queryRunner.addColumn('users', new TableColumn({ name: 'avatar', type: 'text', isNullable: true })),
  },
  {
    name: 'addColumn with a uuid for every row',
    given: `CREATE EXTENSION "uuid-ossp"; ${users}`,
    migration: (queryRunner) =>
      queryRunner.addColumn(
        'users',
        new TableColumn({ name: 'uid', type: 'uuid', isGenerated: true, generationStrategy: 'uuid' }),
      ),
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'addColumn that must be unique',
    given: users,
    migration: (queryRunner) =>
      queryRunner.addColumn(
        'users',
        new TableColumn({ name: 'phone', type: 'text', isNullable: true, isUnique: true }),
      ),
    expect: [error('add-unique-blocking', 'add-column-inline-constraint')],
    allowed: ['work-while-holding-lock'],
  },
  {
    name: 'createIndex',
    given: users,
    migration: (queryRunner) =>
      queryRunner.createIndex('users', new TableIndex({ name: 'IDX_email', columnNames: ['email'] })),
    expect: [error('create-index-blocking')],
  },
  {
    name: 'createIndex with isConcurrent',
    given: users,
    migration: (queryRunner) =>
      queryRunner.createIndex(
        'users',
        new TableIndex({ name: 'IDX_email', columnNames: ['email'], isConcurrent: true }),
      ),
    transaction: false,
  },
  {
    name: 'createForeignKey',
    given: orders,
    migration: (queryRunner) =>
      queryRunner.createForeignKey(
        'orders',
        new TableForeignKey({ columnNames: ['user_id'], referencedTableName: 'users', referencedColumnNames: ['id'] }),
      ),
    expect: [error('add-fk-validating')],
  },
  {
    name: 'createUniqueConstraint and createCheckConstraint',
    given: orders,
    migration: async (queryRunner) => {
      await queryRunner.createUniqueConstraint('orders', new TableUnique({ name: 'UQ_n', columnNames: ['number'] }));
      await queryRunner.createCheckConstraint('orders', new TableCheck({ name: 'CHK_t', expression: '"total" >= 0' }));
    },
    expect: [error('add-unique-blocking'), error('add-check-validating')],
    allowed: ['work-while-holding-lock'],
  },
  {
    name: 'dropColumn',
    given: users,
    migration: (queryRunner) => queryRunner.dropColumn('users', 'age'),
    expect: [error('drop-column')],
  },
  {
    name: 'dropColumn after the deploy',
    given: users,
    migration: (queryRunner) => queryRunner.dropColumn('users', 'age'),
    phase: 'contract',
  },
  {
    name: 'renameColumn',
    given: users,
    migration: (queryRunner) => queryRunner.renameColumn('users', 'name', 'full_name'),
    expect: [error('rename-column')],
  },
  {
    name: 'changeColumn to a longer one',
    given: users,
    migration: (queryRunner) =>
      queryRunner.changeColumn(
        'users',
        'name',
        new TableColumn({ name: 'name', type: 'varchar', length: '300', isNullable: true }),
      ),
    expect: [error('orm-drop-add-column', 'drop-column')],
  },
  {
    name: 'dropTable with its foreign keys',
    given: linked,
    migration: (queryRunner) => queryRunner.dropTable('orders'),
    expect: [error('drop-table')],
    allowed: ['drop-index-blocking', 'work-while-holding-lock'],
  },
  {
    name: 'clearTable',
    given: roles,
    migration: (queryRunner) => queryRunner.clearTable('roles'),
    expect: [error('truncate-table')],
  },
  {
    name: 'a loop over existing tables',
    given: orders,
    migration: async (queryRunner) => {
      for (const table of ['users', 'orders'])
        await queryRunner.query(`CREATE INDEX "IDX_${table}_id" ON "${table}" ("id")`);
    },
    expect: [error('create-index-blocking')],
    allowed: ['index-duplicate', 'several-tables-locked'],
  },
  {
    name: 'a loop over tables in use, concurrently',
    given: `${orders} ALTER TABLE "users" ADD "tenant" int; ALTER TABLE "orders" ADD "tenant" int;`,
    migration: async (queryRunner) => {
      for (const table of ['users', 'orders']) {
        await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS "IDX_${table}_tenant"`);
        await queryRunner.query(`CREATE INDEX CONCURRENTLY "IDX_${table}_tenant" ON "${table}" ("tenant")`);
      }
    },
    transaction: false,
  },
  {
    name: 'a loop over the tables that the catalog names',
    given: orders,
    migration: async (queryRunner) => {
      const tables = (await queryRunner.query(
        `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
      )) as { readonly name: string }[];
      for (const { name } of tables)
        await queryRunner.query(`ALTER TABLE ${name} ADD COLUMN "tenant_id" uuid NOT NULL DEFAULT gen_random_uuid()`);
    },
    expect: [error('add-column-volatile-default')],
    allowed: ['several-tables-locked', 'work-while-holding-lock'],
  },
  {
    name: 'new tables in a loop',
    migration: async (queryRunner) => {
      for (const region of ['eu', 'us', 'ap']) {
        await queryRunner.query(
          `CREATE TABLE "sales_${region}" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "at" timestamptz NOT NULL)`,
        );
        await queryRunner.query('CREATE INDEX "sales_' + region + '_at" ON "sales_' + region + '" ("at")');
        await queryRunner.query(
          `ALTER TABLE "sales_${region}" ADD COLUMN "uid" uuid NOT NULL DEFAULT gen_random_uuid()`,
        );
      }
    },
  },
  {
    name: 'a statement assembled from pieces',
    given: users,
    migration: (queryRunner) => queryRunner.query(['ALTER', 'TABLE', '"users"', 'DROP', 'COLUMN', '"age"'].join(' ')),
    expect: [error('drop-column')],
  },
  {
    name: 'through the entity manager',
    given: users,
    migration: (queryRunner) => queryRunner.manager.query(`ALTER TABLE "users" ALTER COLUMN "age" TYPE bigint`),
    expect: [error('alter-type-rewrite')],
  },
  {
    name: 'only where the column is missing',
    given: users,
    migration: async (queryRunner) => {
      if (!(await queryRunner.hasColumn('users', 'zone')))
        await queryRunner.query(`ALTER TABLE "users" ADD "zone" character varying`);
    },
  },
  {
    name: 'a seed in a loop, with parameters',
    given: roles,
    migration: async (queryRunner) => {
      for (const name of ['admin', 'editor', 'reader'])
        await queryRunner.query(`INSERT INTO "roles" ("name") VALUES ($1) ON CONFLICT DO NOTHING`, [name]);
    },
  },
  {
    name: 'a seed by the query builder',
    given: roles,
    migration: (queryRunner) =>
      queryRunner.manager
        .createQueryBuilder()
        .insert()
        .into('roles', ['name'])
        .values([{ name: 'admin' }])
        .orIgnore()
        .execute(),
  },
  {
    name: 'a transaction inside the transaction',
    given: users,
    migration: async (queryRunner) => {
      await queryRunner.startTransaction();
      await queryRunner.query(`ALTER TABLE "users" ADD "zone" text`);
      await queryRunner.commitTransaction();
      await queryRunner.query(`COMMENT ON COLUMN "users"."zone" IS 'of the browser'`);
    },
    allowed: ['commit-in-transaction'],
  },
  {
    name: 'a block that creates an index',
    given: users,
    migration: `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'users_email') THEN CREATE INDEX users_email ON users (email); END IF; END $$`,
    expect: [error('create-index-blocking', 'blocking-work-hidden')],
  },
  {
    name: 'a block that rewrites a table with an assembled statement',
    given: users,
    migration: `DO $body$ DECLARE t text := 'users'; BEGIN EXECUTE format('ALTER TABLE %I ALTER COLUMN age TYPE bigint', t); END $body$`,
    expect: [error('alter-type-rewrite', 'blocking-work-hidden')],
  },
  {
    name: 'a block that drops a column',
    given: users,
    migration: `DO $$ BEGIN ALTER TABLE users DROP COLUMN IF EXISTS age; END $$`,
    expect: [error('drop-column', 'blocking-work-hidden')],
  },
  {
    name: 'a block that creates a type unless it exists',
    given: users,
    migration: `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'plan') THEN CREATE TYPE plan AS ENUM ('free', 'paid'); END IF; END $$; ALTER TABLE users ADD COLUMN plan plan NOT NULL DEFAULT 'free'`,
  },
  {
    name: 'a block that adds a constraint unless it exists',
    given: orders,
    migration: `DO $$ BEGIN ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id); EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    expect: [error('add-fk-validating', 'blocking-work-hidden')],
  },
  {
    name: 'a block that adds a plain column',
    given: users,
    migration: `DO $$ BEGIN ALTER TABLE users ADD COLUMN zone text; EXCEPTION WHEN duplicate_column THEN NULL; END $$`,
    allowed: ['blocking-work-hidden'],
  },
  {
    name: 'a block that only raises a notice',
    migration: `DO $$ BEGIN RAISE NOTICE 'nothing to do; ALTER TABLE users DROP COLUMN age'; END $$`,
  },
  {
    name: 'a function that changes a table',
    given: `${users} CREATE FUNCTION add_uid(t regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('ALTER TABLE %s ADD COLUMN uid uuid DEFAULT gen_random_uuid()', t); END $$;`,
    migration: `SELECT add_uid('users')`,
    expect: [error('add-column-volatile-default', 'blocking-work-hidden')],
  },
  {
    name: 'a function that changes a new table',
    given: `CREATE FUNCTION add_uid(t regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('ALTER TABLE %s ADD COLUMN uid uuid DEFAULT gen_random_uuid()', t); END $$;`,
    migration: `CREATE TABLE "fresh" ("id" int PRIMARY KEY); SELECT add_uid('fresh')`,
  },
  {
    name: 'a block that fills all rows',
    given: users,
    migration: `DO $$ BEGIN UPDATE users SET name = email; END $$`,
    expect: [warning('unbatched-backfill', 'blocking-work-hidden')],
  },
  {
    name: 'strings and comments that look like statements',
    given: `${roles} CREATE TABLE "texts" ("key" text PRIMARY KEY, "value" text NOT NULL)`,
    migration: `/* DROP TABLE "roles"; */ INSERT INTO "texts" VALUES ('help', 'Type DROP TABLE roles; or CREATE INDEX i ON roles (name);'); -- TRUNCATE "roles"\nINSERT INTO "texts" VALUES ('sql', $$ALTER TABLE "roles" DROP COLUMN "name"$$)`,
  },
  {
    name: 'a block that empties a table',
    given: roles,
    migration: `DO $$ BEGIN TRUNCATE roles; END $$`,
    expect: [error('truncate-table', 'blocking-work-hidden')],
  },
  {
    name: 'a block that makes a column NOT NULL',
    given: users,
    migration: `DO $$ BEGIN ALTER TABLE users ALTER COLUMN name SET NOT NULL; END $$`,
    expect: [error('set-not-null-scan', 'blocking-work-hidden')],
  },
  {
    name: 'a block that drops a table',
    given: users,
    migration: `DO $$ BEGIN DROP TABLE IF EXISTS users; END $$`,
    expect: [error('drop-table', 'blocking-work-hidden')],
  },
  {
    name: 'a block that renames a column',
    given: users,
    migration: `DO $$ BEGIN IF EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'name') THEN ALTER TABLE users RENAME COLUMN name TO full_name; END IF; END $$`,
    expect: [warning('rename-column', 'blocking-work-hidden')],
  },
  {
    name: 'a block that drops a column after the deploy',
    given: users,
    migration: `DO $$ BEGIN ALTER TABLE users DROP COLUMN IF EXISTS age; END $$`,
    phase: 'contract',
  },
  {
    name: 'addColumns, two of them',
    given: users,
    migration: (queryRunner) =>
      queryRunner.addColumns('users', [
        new TableColumn({ name: 'city', type: 'varchar', length: '80', isNullable: true }),
        new TableColumn({ name: 'newsletter', type: 'boolean', default: false }),
      ]),
  },
  {
    name: 'a table, an index and a seed by three calls',
    migration: async (queryRunner) => {
      await queryRunner.createTable(
        new Table({
          name: 'currencies',
          columns: [
            { name: 'code', type: 'char', length: '3', isPrimary: true },
            { name: 'name', type: 'varchar' },
          ],
        }),
      );
      await queryRunner.createIndex('currencies', new TableIndex({ name: 'IDX_currency', columnNames: ['name'] }));
      await queryRunner.query(`INSERT INTO "currencies" VALUES ('EUR', 'Euro')`);
    },
  },
];
