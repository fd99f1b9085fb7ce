import { error } from './entry.js';
import type { Entry } from './entry.js';
import { linked, orders, typeormMetadata, users } from './given.js';

/** After the deploy, dropped objects are not in use; queries on the other objects can still block. */
export const contract: readonly Entry[] = [
  {
    name: 'after the deploy: columns of two files are dropped',
    given: orders,
    migration: [
      { up: `ALTER TABLE "users" DROP COLUMN IF EXISTS "age"`, phase: 'contract' },
      { up: `ALTER TABLE "orders" DROP COLUMN "note", DROP COLUMN "starts_at"`, phase: 'contract' },
    ],
    allowed: ['if-not-exists-still-locks'],
  },
  {
    name: 'after the deploy: a type, a function and a sequence are dropped',
    given: `CREATE TYPE mood AS ENUM ('ok'); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE SEQUENCE numbers;`,
    migration: `DROP TYPE mood; DROP FUNCTION f(); DROP SEQUENCE numbers`,
    phase: 'contract',
  },
  {
    name: 'after the deploy: a trigger and its function are dropped',
    given: `${users} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON "users" FOR EACH ROW EXECUTE FUNCTION f();`,
    migration: `DROP TRIGGER t ON "users"; DROP FUNCTION f()`,
    phase: 'contract',
  },
  {
    name: 'after the deploy: a check is dropped',
    given: `${orders} ALTER TABLE "orders" ADD CONSTRAINT "CHK_total" CHECK ("total" >= 0);`,
    migration: `ALTER TABLE "orders" DROP CONSTRAINT "CHK_total"`,
    phase: 'contract',
  },
  {
    name: 'after the deploy: a default is dropped',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "active" DROP DEFAULT`,
    phase: 'contract',
  },
  {
    name: 'after the deploy: a view is dropped with its row of metadata',
    given: `${users} ${typeormMetadata} CREATE VIEW "people" AS SELECT "id" FROM "users";`,
    migration: (queryRunner) =>
      queryRunner
        .query(`DELETE FROM "typeorm_metadata" WHERE "type" = $1 AND "name" = $2 AND "schema" = $3`, [
          'VIEW',
          'people',
          'public',
        ])
        .then(() => queryRunner.query(`DROP VIEW "people"`)),
    phase: 'contract',
  },
  {
    name: 'after the deploy: an empty schema is dropped',
    given: `CREATE SCHEMA legacy`,
    migration: `DROP SCHEMA legacy`,
    phase: 'contract',
    allowed: ['drop-schema'],
  },
  {
    name: 'after the deploy: a column becomes NOT NULL, proven before',
    given: users,
    migration: [
      `ALTER TABLE "users" ADD CONSTRAINT "nn" CHECK ("name" IS NOT NULL) NOT VALID`,
      { up: `ALTER TABLE "users" VALIDATE CONSTRAINT "nn"`, phase: 'contract' },
      {
        up: `ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL; ALTER TABLE "users" DROP CONSTRAINT "nn"`,
        phase: 'contract',
      },
    ],
  },
  {
    name: 'after the deploy, but reads and writes block: a rewritten type',
    given: orders,
    migration: `ALTER TABLE "orders" ALTER COLUMN "user_id" TYPE bigint`,
    phase: 'contract',
    expect: [error('alter-type-rewrite')],
  },
  {
    name: 'after the deploy, but reads and writes block: SET NOT NULL',
    given: orders,
    migration: `ALTER TABLE "orders" ALTER COLUMN "user_id" SET NOT NULL`,
    phase: 'contract',
    expect: [error('set-not-null-scan')],
  },
  {
    name: 'after the deploy, but writes block: an index',
    given: orders,
    migration: `CREATE INDEX "orders_number" ON "orders" ("number")`,
    phase: 'contract',
    expect: [error('create-index-blocking')],
  },
  {
    name: 'after the deploy, an index is dropped, which is brief',
    given: orders,
    migration: `DROP INDEX "IDX_orders_user"`,
    phase: 'contract',
    allowed: ['drop-index-blocking'],
  },
  {
    name: 'after the deploy, but its data is lost: a column of another type',
    given: users,
    migration: `ALTER TABLE "users" DROP COLUMN "name"; ALTER TABLE "users" ADD "name" text`,
    phase: 'contract',
    expect: [error('orm-drop-add-column')],
  },
  {
    name: 'after the deploy: a generated column is dropped with its row of metadata',
    given: `${users} ${typeormMetadata} ALTER TABLE "users" ADD "search" tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce("name", ''))) STORED;`,
    migration: `ALTER TABLE "users" DROP COLUMN "search"; DELETE FROM "typeorm_metadata" WHERE "type" = 'GENERATED_COLUMN' AND "name" = 'search' AND "table" = 'users'`,
    phase: 'contract',
  },
  {
    name: 'after the deploy: a relation is dropped',
    given: linked,
    migration: `ALTER TABLE "orders" DROP CONSTRAINT "FK_a922b820eeef29ac1c6800e826a"; ALTER TABLE "orders" DROP COLUMN "user_id"`,
    phase: 'contract',
  },
  {
    name: 'after the deploy: a table that refers to one in use is dropped',
    given: linked,
    migration: `DROP TABLE "orders"; DROP TYPE "orders_status_enum"`,
    phase: 'contract',
  },
];
