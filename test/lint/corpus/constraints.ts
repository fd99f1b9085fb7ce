import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { events, linked, orders, roles, users } from './given.js';

export const constraints: readonly Entry[] = [
  {
    name: 'a foreign key of a table to itself',
    given: users,
    migration: [
      `ALTER TABLE "users" ADD "manager_id" integer`,
      `ALTER TABLE "users" ADD CONSTRAINT "users_manager" FOREIGN KEY ("manager_id") REFERENCES "users" ("id")`,
    ],
    expect: [error('add-fk-validating')],
    allowed: ['index-missing-fk'],
  },
  {
    name: 'a new column that refers to a table in use, empty at first',
    given: orders,
    migration: `ALTER TABLE "orders" ADD "packed_by" integer REFERENCES "users" ("id")`,
    allowed: ['index-missing-fk'],
  },
  {
    name: 'a new column that refers to a table in use and has a default',
    given: orders,
    migration: `ALTER TABLE "orders" ADD "packed_by" integer DEFAULT 1 REFERENCES "users" ("id")`,
    expect: [error('add-column-inline-constraint', 'add-fk-validating')],
    allowed: ['index-missing-fk'],
  },
  {
    name: 'a new column that must be unique',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "phone" text UNIQUE`,
    expect: [error('add-column-inline-constraint', 'add-unique-blocking')],
  },
  {
    name: 'a new column with its check',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "score" integer CHECK ("score" > 0)`,
    expect: [error('add-column-inline-constraint', 'add-check-validating')],
  },
  {
    name: 'a new column, and its check in two steps',
    given: users,
    migration: [
      `ALTER TABLE "users" ADD COLUMN "score" integer; ALTER TABLE "users" ADD CONSTRAINT "users_score" CHECK ("score" > 0) NOT VALID`,
      `ALTER TABLE "users" VALIDATE CONSTRAINT "users_score"`,
    ],
  },
  {
    name: 'a foreign key that is not valid, and validated at once',
    given: orders,
    migration: `ALTER TABLE "orders" ADD CONSTRAINT "orders_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") NOT VALID; ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_user"`,
    expect: [error('not-valid-then-validate-same-tx', 'add-fk-validating')],
  },
  {
    name: 'a check that is not valid, and validated at once',
    given: orders,
    migration: `ALTER TABLE "orders" ADD CONSTRAINT "orders_total" CHECK ("total" >= 0) NOT VALID; ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_total"`,
    expect: [error('not-valid-then-validate-same-tx', 'add-check-validating', 'work-while-holding-lock')],
  },
  {
    name: 'a check added and validated without a transaction',
    given: orders,
    migration: `SET lock_timeout = '2s'; ALTER TABLE "orders" DROP CONSTRAINT IF EXISTS "orders_total"; ALTER TABLE "orders" ADD CONSTRAINT "orders_total" CHECK ("total" >= 0) NOT VALID; ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_total"; RESET lock_timeout`,
    transaction: false,
  },
  {
    name: 'a check validated together with a new column',
    given: `${orders} ALTER TABLE "orders" ADD CONSTRAINT "orders_total" CHECK ("total" >= 0) NOT VALID;`,
    migration: `ALTER TABLE "orders" ADD "discount" numeric(10,2); ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_total"`,
    expect: [error('work-while-holding-lock', 'not-valid-then-validate-same-tx')],
  },
  {
    name: 'validating what an earlier release has added',
    given: `${orders} ALTER TABLE "orders" ADD CONSTRAINT "orders_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") NOT VALID;`,
    migration: `ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_user"`,
  },
  {
    name: 'an unnamed check among other changes',
    given: orders,
    migration: `ALTER TABLE "orders" ADD COLUMN "currency" char(3) NOT NULL DEFAULT 'EUR', ADD CHECK ("total" < 1000000)`,
    expect: [error('add-check-validating')],
  },
  {
    name: 'foreign keys to two tables in use at once, and they are large',
    given: `${orders} ${roles} ALTER TABLE "orders" ADD "role_id" integer; CREATE INDEX ON "orders" ("role_id");`,
    migration: [
      `ALTER TABLE "orders" ADD CONSTRAINT "orders_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") NOT VALID;
ALTER TABLE "orders" ADD CONSTRAINT "orders_role" FOREIGN KEY ("role_id") REFERENCES "roles" ("id") NOT VALID`,
      `ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_user"`,
      `ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_role"`,
    ],
    expect: [warning('multiple-fks-one-tx', 'several-tables-locked')],
  },
  {
    name: 'foreign keys to two tables in use, one after the other',
    given: `${orders} ${roles} ALTER TABLE "orders" ADD "role_id" integer; CREATE INDEX ON "orders" ("role_id");`,
    migration: [
      `ALTER TABLE "orders" ADD CONSTRAINT "orders_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") NOT VALID`,
      `ALTER TABLE "orders" ADD CONSTRAINT "orders_role" FOREIGN KEY ("role_id") REFERENCES "roles" ("id") NOT VALID`,
      `ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_user"`,
      `ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_role"`,
    ],
  },
  {
    name: 'a foreign key between two types',
    given: `${users} CREATE TABLE "logins" ("id" bigint PRIMARY KEY, "user_id" bigint NOT NULL); CREATE INDEX ON "logins" ("user_id");`,
    migration: [
      `ALTER TABLE "logins" ADD CONSTRAINT "logins_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") NOT VALID`,
      `ALTER TABLE "logins" VALIDATE CONSTRAINT "logins_user"`,
    ],
    expect: [warning('fk-type-mismatch')],
  },
  {
    name: 'a foreign key is dropped',
    given: linked,
    migration: `ALTER TABLE "orders" DROP CONSTRAINT "FK_a922b820eeef29ac1c6800e826a"`,
    phase: 'contract',
  },
  {
    name: 'a unique constraint over two columns inside another ALTER TABLE',
    given: orders,
    migration: `ALTER TABLE "orders" ADD COLUMN "shop" text NOT NULL DEFAULT 'main', ADD CONSTRAINT "orders_number" UNIQUE ("number", "user_id")`,
    expect: [error('add-unique-blocking')],
  },
  {
    name: 'a primary key for a table without one',
    given: `CREATE TABLE "logs" ("id" bigint NOT NULL, "line" text)`,
    migration: `ALTER TABLE "logs" ADD PRIMARY KEY ("id")`,
    expect: [error('add-pk-blocking')],
  },
  {
    name: 'a primary key from a unique index on a column that is nullable',
    given: `CREATE TABLE "logs" ("id" bigint, "line" text); CREATE UNIQUE INDEX "logs_pkey" ON "logs" ("id")`,
    migration: `ALTER TABLE "logs" ADD CONSTRAINT "logs_pkey" PRIMARY KEY USING INDEX "logs_pkey"`,
    expect: [error('add-pk-using-index-nullable', 'add-pk-blocking', 'set-not-null-scan')],
  },
  {
    name: 'a primary key from a unique index on a column that is never empty',
    given: `CREATE TABLE "logs" ("id" bigint NOT NULL, "line" text)`,
    migration: [
      { up: `CREATE UNIQUE INDEX CONCURRENTLY "logs_pkey" ON "logs" ("id")`, transaction: false },
      `ALTER TABLE "logs" ADD CONSTRAINT "logs_pkey" PRIMARY KEY USING INDEX "logs_pkey"`,
    ],
  },
  {
    name: 'a primary key is dropped',
    given: roles,
    migration: `ALTER TABLE "roles" DROP CONSTRAINT "PK_c1433d71a4838793a49dcad46ab"`,
    expect: [warning('drop-pk')],
  },
  {
    name: 'an exclusion constraint by btree',
    given: roles,
    migration: `ALTER TABLE "roles" ADD CONSTRAINT "no_two" EXCLUDE USING btree ("name" WITH =)`,
    expect: [error('add-exclusion')],
  },
  {
    name: 'a domain gets a check',
    given: `CREATE DOMAIN email AS text; CREATE TABLE people (id int PRIMARY KEY, address email)`,
    migration: `ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%')`,
    expect: [error('alter-domain-add-constraint')],
  },
  {
    name: 'a domain gets a check in two steps, of which the second locks like one',
    given: `CREATE DOMAIN email AS text; CREATE TABLE people (id int PRIMARY KEY, address email)`,
    migration: [
      `ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%') NOT VALID`,
      `ALTER DOMAIN email VALIDATE CONSTRAINT has_at`,
    ],
    expect: [error('alter-domain-add-constraint')],
  },
  {
    name: 'a domain gets a check that is not valid',
    given: `CREATE DOMAIN email AS text; CREATE TABLE people (id int PRIMARY KEY, address email)`,
    migration: `ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%') NOT VALID`,
    allowed: ['constraint-left-not-valid'],
  },
  {
    name: 'rows are moved, and the table is changed before their foreign key was checked',
    given: `${users} CREATE TABLE "notes" ("id" int PRIMARY KEY, "user_id" int REFERENCES "users" ("id") DEFERRABLE INITIALLY DEFERRED); CREATE INDEX ON "notes" ("user_id");`,
    migration: `UPDATE "notes" SET "user_id" = 1 WHERE "id" = 7; ALTER TABLE "notes" ADD "text" text`,
    expect: [warning('deferred-trigger-then-ddl', 'rows-changed-while-holding-lock')],
  },
  {
    name: 'SET NOT NULL on a check that says it, in one statement with dropping the check',
    given: `${users} ALTER TABLE "users" ADD CONSTRAINT "nn" CHECK ("name" IS NOT NULL);`,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL, DROP CONSTRAINT "nn"`,
    expect: [error('set-not-null-drop-check-one-stmt', 'set-not-null-scan')],
  },
  {
    name: 'SET NOT NULL on a check that says it, which goes in the next statement',
    given: `${users} ALTER TABLE "users" ADD CONSTRAINT "nn" CHECK ("name" IS NOT NULL);`,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL; ALTER TABLE "users" DROP CONSTRAINT "nn"`,
  },
  {
    name: 'SET NOT NULL on a check that says something else',
    given: `${users} ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" > 17);`,
    migration: `ALTER TABLE "users" ALTER COLUMN "age" SET NOT NULL`,
    expect: [error('set-not-null-scan')],
  },
  {
    name: 'SET NOT NULL on a check that is not validated',
    given: `${users} ALTER TABLE "users" ADD CONSTRAINT "nn" CHECK ("age" IS NOT NULL) NOT VALID;`,
    migration: `ALTER TABLE "users" ALTER COLUMN "age" SET NOT NULL`,
    expect: [error('set-not-null-scan')],
  },
  {
    name: 'SET NOT NULL on a check of several',
    given: `${users} ALTER TABLE "users" ADD CONSTRAINT "nn" CHECK ("age" IS NOT NULL AND "age" > 17);`,
    migration: `ALTER TABLE "users" ALTER COLUMN "age" SET NOT NULL`,
  },
  {
    name: 'SET NOT NULL on what is NOT NULL already',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL`,
  },
  {
    name: 'a check on a partitioned table, validated at once',
    given: events,
    migration: `ALTER TABLE "events" ADD CONSTRAINT "kinds" CHECK ("kind" <> '')`,
    expect: [error('add-check-validating')],
  },
  {
    name: 'a check on a partitioned table, in two steps',
    given: events,
    migration: [
      `ALTER TABLE "events" ADD CONSTRAINT "kinds" CHECK ("kind" <> '') NOT VALID`,
      `ALTER TABLE "events" VALIDATE CONSTRAINT "kinds"`,
    ],
  },
  {
    name: 'everything on a table of the same batch',
    migration: [
      `CREATE TABLE "carts" ("id" integer NOT NULL, "owner" integer, "code" text, "sum" numeric)`,
      `ALTER TABLE "carts" ADD CONSTRAINT "carts_pk" PRIMARY KEY ("id"); ALTER TABLE "carts" ADD CONSTRAINT "carts_code" UNIQUE ("code");
ALTER TABLE "carts" ADD CONSTRAINT "carts_sum" CHECK ("sum" > 0) NOT VALID; ALTER TABLE "carts" VALIDATE CONSTRAINT "carts_sum";
ALTER TABLE "carts" ALTER COLUMN "owner" SET NOT NULL; ALTER TABLE "carts" ALTER COLUMN "owner" TYPE bigint; ALTER TABLE "carts" RENAME COLUMN "sum" TO "total"`,
    ],
  },
  {
    name: 'a unique constraint on a partitioned table',
    given: events,
    migration: `ALTER TABLE "events" ADD CONSTRAINT "events_kind_at" UNIQUE ("kind", "at")`,
    expect: [error('add-unique-blocking')],
  },
  {
    name: 'SET NOT NULL on a partitioned table',
    given: events,
    migration: `ALTER TABLE "events" ALTER COLUMN "payload" SET NOT NULL`,
    expect: [error('set-not-null-scan')],
  },
  {
    name: 'a foreign key of a partitioned table that is not valid, which PostgreSQL 15 does not know',
    given: `${events} ${users} ALTER TABLE "events" ADD "user_id" integer;`,
    migration: `ALTER TABLE "events" ADD CONSTRAINT "events_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") NOT VALID`,
    fails: true,
    expect: [error('add-fk-notvalid-partitioned', 'cannot-be-judged')],
    allowed: ['index-missing-fk'],
  },
  {
    name: 'a foreign key of a partitioned table',
    given: `${events} ${users} ALTER TABLE "events" ADD "user_id" integer;`,
    migration: `ALTER TABLE "events" ADD CONSTRAINT "events_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id")`,
    expect: [error('add-fk-validating')],
  },
  {
    name: 'a primary key is replaced in one statement',
    given: roles,
    migration: `ALTER TABLE "roles" DROP CONSTRAINT "PK_c1433d71a4838793a49dcad46ab", ADD CONSTRAINT "roles_pk" PRIMARY KEY ("name")`,
    expect: [error('add-pk-blocking')],
    allowed: ['drop-pk'],
  },
  {
    name: 'a new column with a check that is not valid, validated later',
    given: users,
    migration: [
      `ALTER TABLE "users" ADD COLUMN "score" integer, ADD CONSTRAINT "users_score" CHECK ("score" > 0) NOT VALID`,
      `ALTER TABLE "users" VALIDATE CONSTRAINT "users_score"`,
    ],
  },
  {
    name: 'two checks are validated in one transaction that does not block',
    given: `${orders} ALTER TABLE "orders" ADD CONSTRAINT "a" CHECK ("total" >= 0) NOT VALID, ADD CONSTRAINT "b" CHECK ("number" <> '') NOT VALID;`,
    migration: `ALTER TABLE "orders" VALIDATE CONSTRAINT "a"; ALTER TABLE "orders" VALIDATE CONSTRAINT "b"`,
  },
  {
    name: 'three changes in one statement, the last of them expensive',
    given: users,
    migration: `ALTER TABLE "users" ADD COLUMN "zone" text, ALTER COLUMN "name" TYPE text, ADD CONSTRAINT "users_email" UNIQUE ("email")`,
    expect: [error('add-unique-blocking')],
  },
  {
    name: 'a foreign key that is not valid on a new column, validated at once',
    given: orders,
    migration: `ALTER TABLE "orders" ADD "packed_by" integer; ALTER TABLE "orders" ADD CONSTRAINT "orders_packer" FOREIGN KEY ("packed_by") REFERENCES "users" ("id") NOT VALID; ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_packer"`,
    expect: [error('not-valid-then-validate-same-tx', 'add-fk-validating')],
    allowed: ['index-missing-fk', 'work-while-holding-lock'],
  },
];
