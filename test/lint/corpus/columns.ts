import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { events, orders, users } from './given.js';

export const columns: readonly Entry[] = [
  {
    name: 'a random default',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "bucket" double precision NOT NULL DEFAULT random()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'the clock as a default',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "seen" timestamptz DEFAULT clock_timestamp()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'the time of the transaction as a default, at UTC',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "seen" timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')`,
  },
  {
    name: 'CURRENT_TIMESTAMP as a default',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "seen" timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP`,
  },
  {
    name: 'gen_random_uuid() on a partitioned table',
    given: events,
    migration: `ALTER TABLE "events" ADD COLUMN "uid" uuid NOT NULL DEFAULT gen_random_uuid()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'a plain column on a partitioned table',
    given: events,
    migration: `ALTER TABLE "events" ADD COLUMN "source" text`,
  },
  {
    name: 'a function of the app, declared STABLE, as a default',
    given: `${users} CREATE FUNCTION tenant() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant', true) $$;`,
    migration: `ALTER TABLE "users" ADD COLUMN "tenant" text DEFAULT tenant()`,
  },
  {
    name: 'a function of the app, without declared volatility, as a default',
    given: `${users} CREATE FUNCTION short_id() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN left(md5(random()::text), 8); END $$;`,
    migration: `ALTER TABLE "users" ADD COLUMN "code" text DEFAULT short_id()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'a sequence of the app as a default',
    given: `${orders} CREATE SEQUENCE "order_numbers";`,
    migration: `ALTER TABLE "orders" ADD COLUMN "serial" bigint DEFAULT nextval('order_numbers')`,
    expect: [error('add-column-volatile-default', 'add-column-serial-identity')],
  },
  {
    name: 'a sequence of the app becomes a default',
    given: `${orders} CREATE SEQUENCE "order_numbers";`,
    migration: `ALTER TABLE "orders" ADD COLUMN "serial" bigint; ALTER TABLE "orders" ALTER COLUMN "serial" SET DEFAULT nextval('order_numbers')`,
  },
  {
    name: 'bigserial',
    given: `CREATE TABLE "logs" ("line" text NOT NULL)`,
    migration: `ALTER TABLE "logs" ADD COLUMN "id" bigserial`,
    expect: [error('add-column-serial-identity', 'add-column-volatile-default')],
  },
  {
    name: 'a column of a domain with a check',
    given: `${users} CREATE DOMAIN positive AS integer CHECK (VALUE > 0);`,
    migration: `ALTER TABLE "users" ADD COLUMN "points" positive`,
    expect: [error('add-column-constrained-domain')],
  },
  {
    name: 'a column of a domain without a check',
    given: `${users} CREATE DOMAIN points AS integer;`,
    migration: `ALTER TABLE "users" ADD COLUMN "points" points`,
  },
  {
    name: 'a generated column',
    given: orders,
    migration: `ALTER TABLE "orders" ADD COLUMN "gross" numeric GENERATED ALWAYS AS ("total" * 1.2) STORED`,
    expect: [error('add-column-stored-generated')],
  },
  {
    name: 'a generated column of a new table',
    migration: `CREATE TABLE "lines" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "net" numeric NOT NULL); ALTER TABLE "lines" ADD COLUMN "gross" numeric GENERATED ALWAYS AS ("net" * 1.2) STORED`,
  },
  {
    name: 'columns of all kinds on a new table',
    migration: `CREATE DOMAIN positive AS integer CHECK (VALUE > 0); CREATE TABLE "players" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
ALTER TABLE "players" ADD COLUMN "uid" uuid NOT NULL DEFAULT gen_random_uuid(); ALTER TABLE "players" ADD COLUMN "rank" serial; ALTER TABLE "players" ADD COLUMN "points" positive;
ALTER TABLE "players" ADD COLUMN "name" text NOT NULL UNIQUE CHECK ("name" <> ''); ALTER TABLE "players" DROP COLUMN "rank"; ALTER TABLE "players" RENAME COLUMN "name" TO "nick"`,
    allowed: ['create-domain-with-constraint'],
  },
  {
    name: 'a NOT NULL column whose default is dropped at once',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "locale" text NOT NULL DEFAULT 'en'; ALTER TABLE "users" ALTER COLUMN "locale" DROP DEFAULT`,
    expect: [warning('change-default', 'drop-needed-default', 'add-column-notnull-nodefault')],
  },
  {
    name: 'a NOT NULL column in two statements',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "locale" text; ALTER TABLE "users" ALTER COLUMN "locale" SET NOT NULL`,
    expect: [error('set-not-null-scan', 'add-column-notnull-nodefault')],
    allowed: ['work-while-holding-lock'],
  },
  {
    name: 'a column that may already exist',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN IF NOT EXISTS "locale" text`,
  },
  {
    name: 'several columns in one statement',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "locale" text, ADD COLUMN "zone" text NOT NULL DEFAULT 'UTC', ADD COLUMN "born" date`,
  },
  {
    name: 'one bad column among several in one statement',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "locale" text, ADD COLUMN "uid" uuid DEFAULT gen_random_uuid()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'a column and the views that show it are dropped',
    given: `${users} CREATE VIEW "ages" AS SELECT "id", "age" FROM "users";`,
    migration: `ALTER TABLE "users" DROP COLUMN "age" CASCADE`,
    expect: [error('drop-column-cascade', 'drop-column', 'drop-cascade', 'cascade-drops-data')],
  },
  {
    name: 'several columns are dropped in one statement IF EXISTS',
    given: users,
    migration: `ALTER TABLE "users" DROP COLUMN IF EXISTS "age", DROP COLUMN IF EXISTS "name"`,
    expect: [error('drop-column')],
    allowed: ['if-not-exists-still-locks'],
  },
  {
    name: 'a column becomes nullable first, and is dropped by the next deploy',
    given: orders,
    migration: [
      `ALTER TABLE "orders" ALTER COLUMN "number" DROP NOT NULL`,
      { up: `ALTER TABLE "orders" DROP COLUMN "number"`, phase: 'contract' },
    ],
    allowed: ['drop-not-null'],
  },
  {
    name: 'a renamed column, as an alias in the entity: nothing to do but a comment',
    given: users,
    migration: `COMMENT ON COLUMN "users"."name" IS 'fullName in the entity'`,
  },
  {
    name: 'a renamed column through a second one',
    given: users,
    migration: [
      `ALTER TABLE "users" ADD COLUMN "full_name" character varying(100);
CREATE FUNCTION "users_names"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."full_name" := coalesce(NEW."full_name", NEW."name"); RETURN NEW; END $$;
CREATE TRIGGER "users_names" BEFORE INSERT OR UPDATE ON "users" FOR EACH ROW EXECUTE FUNCTION "users_names"()`,
      {
        up: `DROP TRIGGER "users_names" ON "users"; DROP FUNCTION "users_names"(); ALTER TABLE "users" DROP COLUMN "name"`,
        phase: 'contract',
      },
    ],
  },
  {
    name: 'an attribute of a column renamed with quotes and capitals',
    given: `CREATE TABLE "Order Item" ("Id" int PRIMARY KEY, "Unit Price" numeric)`,
    migration: `ALTER TABLE "Order Item" RENAME "Unit Price" TO "unitPrice"`,
    expect: [error('rename-column')],
  },
  {
    name: 'an identity is dropped',
    given: `CREATE TABLE "logs" ("id" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "line" text)`,
    migration: `ALTER TABLE "logs" ALTER COLUMN "id" DROP IDENTITY`,
    expect: [warning('drop-needed-default', 'change-default')],
  },
  {
    name: 'a sequence and the default that uses it are dropped',
    given: users,
    migration: `DROP SEQUENCE "users_id_seq" CASCADE`,
    expect: [warning('drop-needed-default', 'drop-cascade', 'cascade-drops-data', 'change-default')],
  },
  {
    name: 'a name that is truncated',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "the_number_of_times_this_user_has_been_asked_to_confirm_the_address" integer`,
    // What asks for it by its long name is cut off as well.
    allowed: ['identifier-too-long'],
  },
  {
    name: 'storage, statistics and fill factor',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" SET STATISTICS 500; ALTER TABLE "users" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)`,
  },
  {
    name: 'a default that does not change, on a partitioned table',
    given: events,
    migration: `ALTER TABLE "events" ADD COLUMN "seen" boolean NOT NULL DEFAULT false`,
  },
  {
    name: 'a random default reaches the children of a table',
    given: `CREATE TABLE "animals" ("id" int PRIMARY KEY); CREATE TABLE "cats" ("lives" int) INHERITS ("animals")`,
    migration: `ALTER TABLE "animals" ADD COLUMN "uid" uuid DEFAULT gen_random_uuid()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'a numbered key becomes a uuid, as TypeORM writes it',
    given: `CREATE EXTENSION "uuid-ossp"; ${users}`,
    migration: `ALTER TABLE "users" DROP CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433";
ALTER TABLE "users" DROP COLUMN "id";
ALTER TABLE "users" ADD "id" uuid NOT NULL DEFAULT uuid_generate_v4();
ALTER TABLE "users" ADD CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY ("id")`,
    expect: [
      error('orm-drop-add-column', 'drop-column'),
      error('add-column-volatile-default', 'orm-drop-add-column'),
      error('add-pk-blocking'),
    ],
    allowed: ['drop-pk', 'work-while-holding-lock'],
  },
];
