import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { orders, roles, users } from './given.js';

/** Which table is meant, and whether it exists, is new, or belongs to the session only. */
export const names: readonly Entry[] = [
  {
    name: 'a new table that has the name of one in use, in another schema',
    given: users,
    migration: `CREATE SCHEMA audit; CREATE TABLE audit."users" ("id" int PRIMARY KEY, "email" text); CREATE INDEX "users_email" ON audit."users" ("email"); ALTER TABLE audit."users" DROP COLUMN "email"`,
  },
  {
    name: 'a table in use that has the name of a new one, in another schema',
    given: users,
    migration: `CREATE SCHEMA audit; CREATE TABLE audit."users" ("id" int PRIMARY KEY, "email" text); CREATE INDEX "users_email" ON public."users" ("email")`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'a new table found through the search path before the one in use',
    given: users,
    migration: `CREATE SCHEMA audit; SET LOCAL search_path = audit, public; CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX ON users (email)`,
  },
  {
    name: 'a missing table is dropped IF EXISTS',
    migration: `DROP TABLE IF EXISTS "missing"; DROP INDEX IF EXISTS "nothing"; DROP TYPE IF EXISTS "never"`,
  },
  {
    name: 'a column of a missing table is dropped IF EXISTS',
    migration: `ALTER TABLE IF EXISTS "missing" DROP COLUMN IF EXISTS "anything"`,
  },
  {
    name: 'a table for the session only',
    given: users,
    migration: `CREATE TEMP TABLE "work" AS SELECT "id" FROM "users" WHERE "id" < 100; CREATE INDEX ON "work" ("id"); UPDATE "work" SET "id" = "id" + 1; DROP TABLE "work"`,
  },
  {
    name: 'a table like another',
    given: users,
    migration: `CREATE TABLE "users_archive" (LIKE "users" INCLUDING ALL); ALTER TABLE "users_archive" ADD COLUMN "archived_at" timestamptz NOT NULL DEFAULT clock_timestamp()`,
  },
  {
    name: 'a table that is created and dropped by the same batch',
    migration: [
      `CREATE TABLE "draft" ("id" int PRIMARY KEY, "a" text)`,
      `ALTER TABLE "draft" RENAME COLUMN "a" TO "b"; ALTER TABLE "draft" RENAME TO "drafts"`,
      `TRUNCATE "drafts"; DROP TABLE "drafts"`,
    ],
  },
  {
    name: 'a new table takes the place of nothing, under its final name',
    given: users,
    migration: `CREATE TABLE "users_new" ("id" int PRIMARY KEY); ALTER TABLE "users_new" RENAME TO "people"; ALTER TABLE "people" ADD "name" text NOT NULL`,
  },
  {
    name: 'two tables swap places',
    given: users,
    migration: `CREATE TABLE "users_new" (LIKE "users" INCLUDING ALL); ALTER TABLE "users" RENAME TO "users_old"; ALTER TABLE "users_new" RENAME TO "users"`,
    expect: [warning('rename-table')],
  },
  {
    name: 'names with quotes, dots and capitals',
    given: `CREATE SCHEMA "My App"; CREATE TABLE "My App"."Order.Lines" ("Id" int PRIMARY KEY, "say ""hi""" text)`,
    migration: `ALTER TABLE "My App"."Order.Lines" DROP COLUMN "say ""hi"""`,
    expect: [error('drop-column')],
  },
  {
    name: 'names with quotes, dots and capitals, left alone',
    given: `CREATE SCHEMA "My App"; CREATE TABLE "My App"."Order.Lines" ("Id" int PRIMARY KEY, "say ""hi""" text)`,
    migration: `ALTER TABLE "My App"."Order.Lines" ADD COLUMN "the ""other""" text; COMMENT ON COLUMN "My App"."Order.Lines"."Id" IS 'größer; schöner'`,
  },
  {
    name: 'letters of more than one byte before a statement',
    given: users,
    migration: `-- für Übergrößen: „Größe“ 🚀\nALTER TABLE "users" ADD "größe" integer; -- 🚀\nCREATE INDEX "größen" ON "users" ("größe")`,
    expect: [error('create-index-blocking')],
    allowed: ['work-while-holding-lock'],
  },
  {
    name: 'savepoints',
    given: roles,
    migration: `SAVEPOINT a; INSERT INTO "roles" ("name") VALUES ('x'); ROLLBACK TO SAVEPOINT a; RELEASE SAVEPOINT a; INSERT INTO "roles" ("name") VALUES ('y')`,
    allowed: ['commit-in-transaction'],
  },
  {
    name: 'several rows by their keys',
    given: roles,
    migration: `UPDATE "roles" SET "name" = v."name" FROM (VALUES (1, 'one'), (2, 'two')) AS v("id", "name") WHERE "roles"."id" = v."id"; DELETE FROM "roles" WHERE "id" IN (7, 8, 9)`,
  },
  {
    name: 'a row moves',
    given: `${orders} CREATE TABLE "archive" ("id" int PRIMARY KEY, "number" text);`,
    migration: `WITH moved AS (DELETE FROM "orders" WHERE "id" = 5 RETURNING "id", "number") INSERT INTO "archive" SELECT * FROM moved`,
  },
  {
    name: 'a function is told its search path, a table its owner',
    given: `${users} CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;`,
    migration: `ALTER FUNCTION f() SET search_path = pg_catalog; ALTER TABLE "users" OWNER TO CURRENT_USER; ALTER TABLE "users" CLUSTER ON "PK_a3ffb1c0c8416b9fc6f907b7433"`,
  },
  {
    name: 'statistics over two columns',
    given: orders,
    migration: `CREATE STATISTICS "orders_user_status" ON "user_id", "status" FROM "orders"`,
  },
  {
    name: 'a setting of the app for this transaction',
    given: roles,
    migration: `SELECT set_config('app.user', 'migration', true); INSERT INTO "roles" ("name") VALUES ('x'); SELECT pg_notify('roles', 'changed')`,
  },
  {
    name: 'privileges of tables to come',
    migration: `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor; GRANT USAGE ON SCHEMA public TO pg_monitor`,
  },
  {
    name: 'a trigger that is replaced',
    given: `${users} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON "users" FOR EACH ROW EXECUTE FUNCTION f();`,
    migration: `CREATE OR REPLACE TRIGGER t BEFORE INSERT OR UPDATE ON "users" FOR EACH ROW EXECUTE FUNCTION f()`,
  },
  {
    name: 'a foreign key of a new partitioned table',
    given: users,
    migration: `CREATE TABLE "visits" ("id" bigint GENERATED ALWAYS AS IDENTITY, "user_id" int NOT NULL REFERENCES "users" ("id"), "at" timestamptz NOT NULL, PRIMARY KEY ("id", "at")) PARTITION BY RANGE ("at"); CREATE INDEX ON "visits" ("user_id"); CREATE TABLE "visits_2024" PARTITION OF "visits" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
  },
  {
    name: 'for PostgreSQL 18: SET NOT NULL on a validated check',
    given: `${users} ALTER TABLE "users" ADD CONSTRAINT "nn" CHECK ("name" IS NOT NULL);`,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL`,
    targetVersion: 18,
  },
  {
    name: 'for PostgreSQL 18: SET NOT NULL without one',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL`,
    targetVersion: 18,
    expect: [error('set-not-null-scan')],
  },
  {
    name: 'for PostgreSQL 18: an index, concurrently',
    given: users,
    migration: `CREATE INDEX CONCURRENTLY "users_name" ON "users" ("name")`,
    transaction: false,
    targetVersion: 18,
  },
];
