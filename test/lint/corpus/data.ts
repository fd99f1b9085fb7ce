import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { orders, roles, users } from './given.js';

/** Rows, transactions and time limits. */
export const data: readonly Entry[] = [
  {
    name: 'a seed',
    given: roles,
    migration: `INSERT INTO "roles" ("name") VALUES ('admin'), ('editor; or so'), ('it''s me') ON CONFLICT ("name") DO NOTHING`,
  },
  {
    name: 'a table and its seed',
    migration: `CREATE TABLE "countries" ("code" text PRIMARY KEY, "name" text NOT NULL); INSERT INTO "countries" VALUES ('DE', 'Germany'), ('FR', 'France'); UPDATE "countries" SET "name" = 'République française' WHERE "code" = 'FR'; DELETE FROM "countries" WHERE "code" = 'XX'`,
  },
  {
    name: 'all rows of a new table are changed',
    migration: `CREATE TABLE "countries" ("code" text PRIMARY KEY, "name" text); INSERT INTO "countries" VALUES ('DE', NULL); UPDATE "countries" SET "name" = "code"; ALTER TABLE "countries" ALTER COLUMN "name" SET NOT NULL`,
  },
  {
    name: 'one row is corrected',
    given: roles,
    migration: `UPDATE "roles" SET "name" = 'owner' WHERE "id" = 1`,
  },
  {
    name: 'one row is deleted',
    given: roles,
    migration: `DELETE FROM "roles" WHERE "name" = 'guest'`,
  },
  {
    name: 'all rows are changed at once',
    given: users,
    migration: `UPDATE "users" SET "email" = lower("email")`,
    expect: [warning('unbatched-backfill')],
  },
  {
    name: 'all rows that matter are changed at once',
    given: users,
    migration: `UPDATE "users" SET "name" = "email" WHERE "name" IS NULL`,
    expect: [warning('unbatched-backfill')],
  },
  {
    name: 'all rows are deleted',
    given: orders,
    migration: `DELETE FROM "orders"`,
    expect: [warning('unbatched-backfill'), warning('delete-all-rows')],
  },
  {
    name: 'a column is added and filled in one transaction',
    given: users,
    migration: `ALTER TABLE "users" ADD "slug" text; UPDATE "users" SET "slug" = lower("name")`,
    expect: [error('rows-changed-while-holding-lock', 'work-while-holding-lock', 'unbatched-backfill')],
    allowed: ['statistics-missing'],
  },
  {
    name: 'a column is added, filled and made NOT NULL in one transaction',
    given: users,
    migration: `ALTER TABLE "users" ADD "slug" text; UPDATE "users" SET "slug" = lower("name"); ALTER TABLE "users" ALTER COLUMN "slug" SET NOT NULL`,
    expect: [
      error('rows-changed-while-holding-lock', 'work-while-holding-lock', 'unbatched-backfill'),
      error('set-not-null-scan'),
    ],
    allowed: ['add-column-notnull-nodefault'],
  },
  {
    name: 'two tables in use are changed in one transaction',
    given: orders,
    migration: `ALTER TABLE "users" ADD "zone" text; ALTER TABLE "orders" ADD "zone" text`,
    expect: [warning('several-tables-locked')],
  },
  {
    name: 'two tables in use are changed, each in its own transaction',
    given: orders,
    migration: [`ALTER TABLE "users" ADD "zone" text`, `ALTER TABLE "orders" ADD "zone" text`],
  },
  {
    name: 'a table in use and a new one in one transaction',
    given: users,
    migration: `CREATE TABLE "teams" ("id" int PRIMARY KEY, "name" text NOT NULL); ALTER TABLE "users" ADD "team_id" int; ALTER TABLE "teams" ADD "motto" text`,
  },
  {
    name: 'BEGIN and COMMIT inside of a migration',
    given: users,
    migration: `BEGIN; ALTER TABLE "users" ADD "zone" text; COMMIT`,
    expect: [warning('commit-in-transaction', 'missing-commit')],
  },
  {
    name: 'BEGIN and COMMIT where there is no transaction',
    given: users,
    migration: `BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE "users" ADD COLUMN IF NOT EXISTS "zone" text; COMMIT`,
    transaction: false,
  },
  {
    name: 'a time limit for the wait',
    given: users,
    migration: `SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '10s'; ALTER TABLE "users" ADD "zone" text`,
  },
  {
    name: 'a wait of ten minutes',
    given: users,
    migration: `SET LOCAL lock_timeout = '10min'; ALTER TABLE "users" ADD "zone" text`,
    expect: [warning('lock-timeout-off')],
  },
  {
    name: 'a wait without a limit',
    given: users,
    migration: `SET LOCAL lock_timeout = 0; ALTER TABLE "users" ADD "zone" text`,
    expect: [warning('lock-timeout-off')],
  },
  {
    name: 'a setting that stays in the session',
    given: users,
    migration: `SET search_path TO public, extensions; ALTER TABLE "users" ADD "zone" text`,
    expect: [warning('session-set-leak')],
  },
  {
    name: 'a setting for this transaction',
    given: users,
    migration: `SET LOCAL search_path TO public; ALTER TABLE "users" ADD "zone" text`,
  },
  {
    name: 'several changes that cannot be repeated, without a transaction',
    given: orders,
    migration: `ALTER TABLE "orders" ADD "zone" text; CREATE INDEX CONCURRENTLY "orders_zone" ON "orders" ("zone")`,
    transaction: false,
  },
  {
    name: 'rows are archived into a new table',
    given: orders,
    migration: `CREATE TABLE "archive" ("id" int PRIMARY KEY, "note" text); INSERT INTO "archive" ("id", "note") SELECT "id", "note" FROM "orders" WHERE "id" BETWEEN 1 AND 100`,
  },
  {
    name: 'a table is copied',
    given: orders,
    migration: `CREATE TABLE "orders_backup" AS SELECT * FROM "orders"`,
    allowed: ['table-without-primary-key'],
  },
  {
    name: 'a backfill that counts rows from the start each time',
    given: users,
    migration: async (queryRunner) => {
      for (let offset = 0; offset < 3000; offset += 1000)
        await queryRunner.query(
          `UPDATE "users" SET "name" = "email" WHERE "id" IN (SELECT "id" FROM "users" ORDER BY "id" LIMIT 1000 OFFSET ${offset})`,
        );
    },
    transaction: false,
    expect: [warning('backfill-not-resumable')],
  },
  {
    name: 'a backfill by key, range after range',
    given: users,
    migration: async (queryRunner) => {
      for (let from = 0; from < 3000; from += 1000)
        await queryRunner.query(
          `UPDATE "users" SET "name" = "email" WHERE "id" > $1 AND "id" <= $2 AND "name" IS NULL`,
          [from, from + 1000],
        );
    },
    transaction: false,
  },
  {
    name: 'a backfill in a procedure that commits',
    given: users,
    migration: [
      `CREATE PROCEDURE "fill_names"() LANGUAGE plpgsql AS $$ DECLARE n integer; BEGIN LOOP UPDATE "users" SET "name" = "email" WHERE "id" IN (SELECT "id" FROM "users" WHERE "name" IS NULL ORDER BY "id" LIMIT 1000); GET DIAGNOSTICS n = ROW_COUNT; COMMIT; EXIT WHEN n = 0; END LOOP; END $$`,
      { up: `CALL "fill_names"()`, transaction: false },
      `DROP PROCEDURE "fill_names"()`,
    ],
  },
  {
    name: 'a value is set for a sequence',
    given: users,
    migration: `SELECT setval('users_id_seq', (SELECT coalesce(max("id"), 0) + 1 FROM "users" WHERE "id" < 100), false)`,
  },
  {
    name: 'nothing but a comment',
    migration: `-- see the next one\nSELECT 1`,
  },
  {
    name: 'a table is split: the new one refers to the old one, whose writers wait for the copy',
    given: users,
    migration: `CREATE TABLE "addresses" ("id" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "user_id" int NOT NULL REFERENCES "users" ("id"), "email" text NOT NULL); CREATE INDEX ON "addresses" ("user_id"); INSERT INTO "addresses" ("user_id", "email") SELECT "id", "email" FROM "users"`,
    expect: [warning('work-while-holding-lock', 'rows-changed-while-holding-lock')],
  },
  {
    name: 'a long read of one table while another is locked',
    given: orders,
    migration: `ALTER TABLE "users" ADD "orders_count" integer; CREATE TABLE "counts" AS SELECT "user_id", count(*) FROM "orders" GROUP BY 1`,
    expect: [warning('work-while-holding-lock', 'rows-changed-while-holding-lock')],
    allowed: ['table-without-primary-key'],
  },
  {
    name: 'a table in use gets a column, and a new table gets everything',
    given: users,
    migration: `ALTER TABLE "users" ADD "team_id" integer; CREATE TABLE "teams" ("id" int PRIMARY KEY, "name" text NOT NULL); CREATE UNIQUE INDEX "teams_name" ON "teams" ("name"); INSERT INTO "teams" VALUES (1, 'all')`,
  },
  {
    name: 'all rows are changed from another table',
    given: orders,
    migration: `UPDATE "orders" SET "note" = u."email" FROM "users" u WHERE u."id" = "orders"."user_id"`,
    expect: [warning('unbatched-backfill')],
  },
  {
    name: 'all rows without a partner are deleted',
    given: orders,
    migration: `DELETE FROM "orders" WHERE "user_id" NOT IN (SELECT "id" FROM "users")`,
    expect: [warning('unbatched-backfill')],
  },
  {
    name: 'an unknown number of old rows is deleted',
    given: users,
    migration: `DELETE FROM "users" WHERE "created_at" < now() - interval '1 year'`,
    expect: [warning('unbatched-backfill')],
  },
  {
    name: 'all rows are changed inside a query',
    given: users,
    migration: `WITH changed AS (UPDATE "users" SET "active" = true RETURNING "id") SELECT count(*) FROM changed`,
    expect: [warning('unbatched-backfill')],
  },
  {
    name: 'few rows are merged',
    given: roles,
    migration: `MERGE INTO "roles" r USING (VALUES ('admin'), ('guest')) AS v("name") ON r."name" = v."name" WHEN NOT MATCHED THEN INSERT ("name") VALUES (v."name")`,
  },
  {
    name: 'one row is changed by a unique value',
    given: roles,
    migration: (queryRunner) =>
      queryRunner.query(`UPDATE "roles" SET "name" = $1 WHERE "name" = $2`, ['owner', 'boss']),
  },
  {
    name: 'a wait without a limit, in a transaction of its own',
    given: users,
    migration: `BEGIN; SET LOCAL lock_timeout = 0; ALTER TABLE "users" ADD COLUMN IF NOT EXISTS "zone" text; COMMIT`,
    transaction: false,
    expect: [warning('no-lock-timeout')],
  },
  {
    name: 'a column where there is no transaction: run limits the wait',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN IF NOT EXISTS "zone" text`,
    transaction: false,
  },
  {
    name: 'a column, and one row for another table in use',
    given: `${users} ${roles}`,
    migration: `ALTER TABLE "users" ADD "role_id" integer; INSERT INTO "roles" ("name") VALUES ('member') ON CONFLICT ("name") DO UPDATE SET "name" = EXCLUDED."name"`,
  },
  {
    name: 'a column, and its value for one row',
    given: users,
    migration: `ALTER TABLE "users" ADD "plan" text; UPDATE "users" SET "plan" = 'founder' WHERE "id" = 1`,
  },
  {
    name: 'a backfill in a block that commits',
    given: users,
    migration: `DO $$ DECLARE n integer; BEGIN LOOP UPDATE "users" SET "name" = "email" WHERE "id" IN (SELECT "id" FROM "users" WHERE "name" IS NULL ORDER BY "id" LIMIT 1000); GET DIAGNOSTICS n = ROW_COUNT; COMMIT; EXIT WHEN n = 0; END LOOP; END $$`,
    transaction: false,
  },
  {
    name: 'a scan of all rows that does not block',
    given: orders,
    migration: `SELECT count(*) FROM "orders"; ANALYZE "orders"`,
  },
  {
    name: 'time for a validation',
    given: `${orders} ALTER TABLE "orders" ADD CONSTRAINT "a" CHECK ("total" >= 0) NOT VALID;`,
    migration: `SET LOCAL statement_timeout = '30min'; ALTER TABLE "orders" VALIDATE CONSTRAINT "a"`,
  },
];
