import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { events, linked, orders, roles, users } from './given.js';

const audit = `CREATE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."created_at" := now(); RETURN NEW; END $$;`;

export const objects: readonly Entry[] = [
  {
    name: 'a table is dropped with everything that refers to it',
    given: linked,
    migration: `DROP TABLE IF EXISTS "users" CASCADE`,
    expect: [error('drop-table', 'drop-cascade', 'cascade-drops-data')],
    allowed: ['several-tables-locked'],
  },
  {
    name: 'a table that is no longer used is renamed for one release and dropped in the next',
    given: users,
    migration: `DROP TABLE "users"`,
    phase: 'contract',
  },
  {
    name: 'a schema is dropped',
    given: `CREATE SCHEMA legacy; CREATE TABLE legacy.users (id int PRIMARY KEY)`,
    migration: `DROP SCHEMA legacy CASCADE`,
    expect: [error('drop-schema', 'drop-table', 'drop-cascade', 'cascade-drops-data')],
  },
  {
    name: 'a schema is created with a table',
    migration: `CREATE SCHEMA IF NOT EXISTS "billing"; CREATE TABLE "billing"."invoices" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "due" date NOT NULL); CREATE INDEX "invoices_due" ON "billing"."invoices" ("due")`,
  },
  {
    name: 'a type and the columns of that type are dropped',
    given: orders,
    migration: `DROP TYPE "orders_status_enum" CASCADE`,
    expect: [error('drop-cascade', 'cascade-drops-data', 'drop-column', 'drop-column-cascade')],
  },
  {
    name: 'TRUNCATE',
    given: roles,
    migration: `TRUNCATE "roles"`,
    expect: [error('truncate-table')],
  },
  {
    name: 'TRUNCATE of a table and all that refers to it',
    given: linked,
    migration: `TRUNCATE TABLE "users" RESTART IDENTITY CASCADE`,
    expect: [error('truncate-table')],
    allowed: ['several-tables-locked'],
  },
  {
    name: 'a renamed table with a view in its place',
    given: users,
    migration: `ALTER TABLE "users" RENAME TO "accounts"; CREATE VIEW "users" AS SELECT * FROM "accounts"`,
  },
  {
    name: 'a schema is renamed',
    given: `CREATE SCHEMA billing; CREATE TABLE billing.invoices (id int PRIMARY KEY)`,
    migration: `ALTER SCHEMA billing RENAME TO invoicing`,
    expect: [error('change-schema')],
  },
  {
    name: 'a table moves to another schema',
    given: `${roles} CREATE SCHEMA auth;`,
    migration: `ALTER TABLE "roles" SET SCHEMA auth`,
    expect: [error('change-schema', 'rename-table')],
  },
  {
    name: 'a table is dropped and created again',
    given: roles,
    migration: `DROP TABLE IF EXISTS "roles"; CREATE TABLE "roles" ("id" uuid PRIMARY KEY, "name" text NOT NULL)`,
    expect: [error('create-table-force', 'drop-table')],
  },
  {
    name: 'a table that already exists with other columns',
    given: roles,
    migration: `CREATE TABLE IF NOT EXISTS "roles" ("id" uuid PRIMARY KEY, "title" text NOT NULL)`,
    expect: [warning('create-table-if-not-exists')],
  },
  {
    name: 'a table without a primary key',
    migration: `CREATE TABLE "clicks" ("at" timestamptz NOT NULL, "url" text NOT NULL)`,
    allowed: ['table-without-primary-key'],
  },
  {
    name: 'a table with a primary key',
    migration: `CREATE TABLE "clicks" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "at" timestamptz NOT NULL, "url" text NOT NULL)`,
  },
  {
    name: 'an enum value is renamed',
    given: orders,
    migration: `ALTER TYPE "orders_status_enum" RENAME VALUE 'paid' TO 'settled'`,
    expect: [warning('enum-rename-value')],
  },
  {
    name: 'an enum value is added between two others',
    given: orders,
    migration: `ALTER TYPE "orders_status_enum" ADD VALUE 'packed' BEFORE 'shipped'`,
  },
  {
    name: 'an enum value that is used at once',
    given: orders,
    migration: `ALTER TYPE "orders_status_enum" ADD VALUE 'lost'; ALTER TABLE "orders" ALTER COLUMN "status" SET DEFAULT 'lost'`,
    fails: true,
    expect: [error('enum-value-used-too-early', 'cannot-be-judged')],
    allowed: ['change-default'],
  },
  {
    name: 'an enum value in one file, and the default in the next one',
    given: orders,
    migration: [
      `ALTER TYPE "orders_status_enum" ADD VALUE 'draft' BEFORE 'new'`,
      `ALTER TABLE "orders" ALTER COLUMN "status" SET DEFAULT 'draft'`,
    ],
    allowed: ['change-default'],
  },
  {
    name: 'an enum of a new table is swapped',
    migration: `CREATE TYPE kind AS ENUM ('a', 'b'); CREATE TABLE "things" ("id" int PRIMARY KEY, "kind" kind NOT NULL);
ALTER TYPE kind RENAME TO kind_old; CREATE TYPE kind AS ENUM ('a'); ALTER TABLE "things" ALTER COLUMN "kind" TYPE kind USING "kind"::text::kind; DROP TYPE kind_old`,
  },
  {
    name: 'a view is replaced by one with more columns',
    given: `${users} CREATE VIEW "people" AS SELECT "id" FROM "users";`,
    migration: `CREATE OR REPLACE VIEW "people" AS SELECT "id", "email" FROM "users"`,
  },
  {
    name: 'a view is dropped while it is used',
    given: `${users} CREATE VIEW "people" AS SELECT "id" FROM "users";`,
    migration: `DROP VIEW "people"`,
    expect: [warning('drop-view')],
  },
  {
    name: 'a view is dropped after the deploy',
    given: `${users} CREATE VIEW "people" AS SELECT "id" FROM "users";`,
    migration: `DROP VIEW "people"`,
    phase: 'contract',
  },
  {
    name: 'a materialized view is refreshed while reads of it block',
    given: `${orders} CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY 1;`,
    migration: `REFRESH MATERIALIZED VIEW totals`,
    expect: [error('refresh-materialized-view-blocking')],
  },
  {
    name: 'a materialized view is refreshed concurrently',
    given: `${orders} CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY 1; CREATE UNIQUE INDEX ON totals (user_id);`,
    migration: `REFRESH MATERIALIZED VIEW CONCURRENTLY totals`,
  },
  {
    name: 'a new materialized view, filled later',
    given: orders,
    migration: [
      `CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY 1 WITH NO DATA; CREATE UNIQUE INDEX totals_user ON totals (user_id)`,
      `REFRESH MATERIALIZED VIEW totals`,
    ],
  },
  {
    name: 'a trigger',
    given: `${users} ${audit}`,
    migration: `CREATE TRIGGER "users_touch" BEFORE UPDATE ON "users" FOR EACH ROW EXECUTE FUNCTION "touch"()`,
  },
  {
    name: 'triggers are switched off',
    given: linked,
    migration: `ALTER TABLE "orders" DISABLE TRIGGER ALL`,
    expect: [warning('disable-trigger')],
  },
  {
    name: 'triggers and foreign keys are switched off for the session',
    given: linked,
    migration: `SET LOCAL session_replication_role = replica; DELETE FROM "users" WHERE "id" = 1`,
    expect: [warning('disable-trigger')],
  },
  {
    name: 'a function is replaced by one of the same signature',
    given: audit,
    migration: `CREATE OR REPLACE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."created_at" := clock_timestamp(); RETURN NEW; END $$`,
  },
  {
    name: 'row level security: policies first',
    given: users,
    migration: `CREATE POLICY "own" ON "users" USING ("email" = current_user); ALTER TABLE "users" ENABLE ROW LEVEL SECURITY`,
    allowed: ['row-security-without-policy'],
  },
  {
    name: 'row level security without a policy',
    given: users,
    migration: `ALTER TABLE "users" ENABLE ROW LEVEL SECURITY`,
    expect: [warning('row-security-without-policy')],
  },
  {
    name: 'row level security on a new table',
    migration: `CREATE TABLE "secrets" ("id" int PRIMARY KEY, "owner" text NOT NULL); ALTER TABLE "secrets" ENABLE ROW LEVEL SECURITY; CREATE POLICY "own" ON "secrets" USING ("owner" = current_user)`,
  },
  {
    name: 'a role is granted SELECT',
    given: users,
    migration: `GRANT SELECT ON "users" TO pg_monitor`,
  },
  {
    name: 'SELECT is revoked from a role',
    given: users,
    migration: `REVOKE ALL ON "users" FROM public`,
    expect: [warning('grant-revoke')],
  },
  {
    name: 'a partition is created under a parent that is in use',
    given: events,
    migration: `CREATE TABLE "events_2024_03" PARTITION OF "events" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')`,
    allowed: ['create-partition-of'],
  },
  {
    name: 'a partition is created separately and attached',
    given: events,
    migration: `CREATE TABLE "events_2024_03" (LIKE "events" INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE "events_2024_03" ADD CONSTRAINT "bounds" CHECK ("at" >= '2024-03-01' AND "at" < '2024-04-01' AND "at" IS NOT NULL);
ALTER TABLE "events" ATTACH PARTITION "events_2024_03" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')`,
    allowed: ['table-without-primary-key'],
  },
  {
    name: 'a table in use is attached, and read completely',
    given: `${events} CREATE TABLE "events_2024_03" (LIKE "events" INCLUDING ALL);`,
    migration: `ALTER TABLE "events" ATTACH PARTITION "events_2024_03" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')`,
    expect: [error('attach-partition-scan')],
  },
  {
    name: 'a table in use is attached, its bounds proven before',
    given: `${events} CREATE TABLE "events_2024_03" (LIKE "events" INCLUDING ALL);`,
    migration: [
      `ALTER TABLE "events_2024_03" ADD CONSTRAINT "bounds" CHECK ("at" IS NOT NULL AND "at" >= '2024-03-01' AND "at" < '2024-04-01') NOT VALID`,
      `ALTER TABLE "events_2024_03" VALIDATE CONSTRAINT "bounds"`,
      `ALTER TABLE "events" ATTACH PARTITION "events_2024_03" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01'); ALTER TABLE "events_2024_03" DROP CONSTRAINT "bounds"`,
    ],
  },
  {
    name: 'a partition is detached',
    given: events,
    migration: `ALTER TABLE "events" DETACH PARTITION "events_2024_01"`,
    expect: [warning('detach-partition')],
  },
  {
    name: 'a partition is detached concurrently and dropped',
    given: events,
    migration: [
      { up: `ALTER TABLE "events" DETACH PARTITION "events_2024_01" CONCURRENTLY`, transaction: false },
      { up: `DROP TABLE "events_2024_01"`, phase: 'contract' },
    ],
  },
  {
    name: 'a partition is dropped',
    given: events,
    migration: `DROP TABLE "events_2024_01"`,
    expect: [error('drop-partition', 'drop-table')],
  },
  {
    name: 'a partitioned table, all new',
    migration: `CREATE TABLE "metrics" ("at" timestamptz NOT NULL, "id" bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY ("id", "at")) PARTITION BY RANGE ("at");
CREATE TABLE "metrics_1" PARTITION OF "metrics" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE INDEX "metrics_at" ON "metrics" ("at"); CREATE TABLE "metrics_rest" PARTITION OF "metrics" DEFAULT; ALTER TABLE "metrics" DETACH PARTITION "metrics_1"`,
  },
  {
    name: 'VACUUM FULL',
    given: users,
    migration: `VACUUM FULL "users"`,
    transaction: false,
    expect: [error('table-rewrite-command')],
  },
  {
    name: 'VACUUM and ANALYZE as they run by themselves',
    given: users,
    migration: `VACUUM (ANALYZE) "users"; ANALYZE "users"`,
    transaction: false,
  },
  {
    name: 'CLUSTER',
    given: users,
    migration: `CLUSTER "users" USING "PK_a3ffb1c0c8416b9fc6f907b7433"`,
    expect: [error('table-rewrite-command')],
  },
  {
    name: 'SET UNLOGGED',
    given: users,
    migration: `ALTER TABLE "users" SET UNLOGGED`,
    expect: [error('table-rewrite-command')],
  },
  {
    name: 'a sequence of a smaller type',
    given: users,
    migration: `ALTER SEQUENCE "users_id_seq" AS smallint`,
    expect: [warning('alter-sequence')],
  },
  {
    name: 'a sequence with an increment of a hundred, in a new column',
    given: users,
    migration: `CREATE SEQUENCE "batches" INCREMENT BY 100 CACHE 20; COMMENT ON SEQUENCE "batches" IS 'numbers of batches'`,
  },
  {
    name: 'an extension',
    migration: `CREATE EXTENSION IF NOT EXISTS "pgcrypto"; CREATE EXTENSION IF NOT EXISTS "citext"`,
  },
  {
    name: 'an extension is dropped with the columns that need it',
    given: `CREATE EXTENSION citext; CREATE TABLE "people" ("id" int PRIMARY KEY, "email" citext)`,
    migration: `DROP EXTENSION citext CASCADE`,
    expect: [
      error('drop-cascade', 'cascade-drops-data', 'extension-in-migration', 'drop-column', 'drop-column-cascade'),
    ],
  },
  {
    name: 'a function that the old version calls is dropped',
    given: `CREATE FUNCTION slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) $$`,
    migration: `DROP FUNCTION slug(text)`,
    expect: [warning('drop-function')],
  },
  {
    name: 'a function is created with an index that uses it on a new table',
    migration: `CREATE FUNCTION slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) $$; CREATE TABLE "pages" ("id" int PRIMARY KEY, "title" text NOT NULL); CREATE UNIQUE INDEX "pages_slug" ON "pages" (slug("title"))`,
  },
  {
    name: 'comments on everything',
    given: orders,
    migration: `COMMENT ON TABLE "orders" IS 'what people buy'; COMMENT ON TYPE "orders_status_enum" IS 'how far it is; see docs'; COMMENT ON INDEX "IDX_orders_user" IS NULL`,
  },
  {
    name: 'two tables are dropped at once',
    given: `${users} ${roles}`,
    migration: `DROP TABLE "users", "roles"`,
    expect: [error('drop-table')],
    allowed: ['several-tables-locked'],
  },
  {
    name: 'a table is created again with the same name and rows',
    given: roles,
    migration: `CREATE TABLE "roles_new" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "name" text NOT NULL); INSERT INTO "roles_new" ("name") SELECT "name" FROM "roles"; DROP TABLE "roles"; ALTER TABLE "roles_new" RENAME TO "roles"`,
    expect: [error('drop-table', 'create-table-force')],
  },
  {
    name: 'a table that may already exist, but does not',
    migration: `CREATE TABLE IF NOT EXISTS "brand_new" ("id" int PRIMARY KEY, "code" text NOT NULL); CREATE UNIQUE INDEX IF NOT EXISTS "brand_new_code" ON "brand_new" ("code")`,
  },
  {
    name: 'a trigger is dropped IF EXISTS and created again',
    given: `${users} ${audit} CREATE TRIGGER "users_touch" BEFORE UPDATE ON "users" FOR EACH ROW EXECUTE FUNCTION "touch"();`,
    migration: `DROP TRIGGER IF EXISTS "users_touch" ON "users"; CREATE TRIGGER "users_touch" BEFORE INSERT OR UPDATE ON "users" FOR EACH ROW EXECUTE FUNCTION "touch"()`,
  },
  {
    name: 'a function whose body contains DROP',
    given: users,
    migration: `CREATE OR REPLACE FUNCTION "purge"() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE IF EXISTS "users"; TRUNCATE "users"; END $$`,
  },
  {
    name: 'a view is renamed',
    given: `${users} CREATE VIEW "people" AS SELECT "id" FROM "users";`,
    migration: `ALTER VIEW "people" RENAME TO "persons"`,
    expect: [warning('rename-table')],
  },
  {
    name: 'a materialized view is dropped while it is used',
    given: `${orders} CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY 1;`,
    migration: `DROP MATERIALIZED VIEW totals`,
    expect: [warning('drop-view', 'drop-table')],
  },
  {
    name: 'a sequence starts again at one',
    given: users,
    migration: `ALTER SEQUENCE "users_id_seq" RESTART WITH 1`,
    expect: [warning('alter-sequence')],
  },
  {
    name: 'a sequence belongs to its column',
    given: `CREATE TABLE "colors" ("id" integer PRIMARY KEY); CREATE SEQUENCE "color_ids"`,
    migration: `ALTER SEQUENCE "color_ids" OWNED BY "colors"."id"`,
  },
];
