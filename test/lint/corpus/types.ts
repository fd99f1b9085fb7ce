import { error } from './entry.js';
import type { Entry } from './entry.js';
import { events, linked } from './given.js';

/** Which changes of a type are free, and which write the whole table again. */

const given = (from: string): string =>
  `CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN plain AS integer; CREATE TABLE "readings" ("id" bigint PRIMARY KEY, "value" ${from}, "note" text);`;

const change = (to: string): string => `ALTER TABLE "readings" ALTER COLUMN "value" TYPE ${to}`;

const free: readonly (readonly [from: string, to: string])[] = [
  ['varchar(50)', 'varchar(100)'],
  ['varchar(50)', 'text'],
  ['varchar(50)', 'varchar'],
  ['text', 'varchar'],
  ['text', 'text'],
  ['numeric(10,2)', 'numeric(12,2)'],
  ['numeric(10,2)', 'numeric'],
  ['timestamp(3)', 'timestamp(6)'],
  ['interval(3)', 'interval'],
  ['varbit(8)', 'varbit(16)'],
  ['cidr', 'inet'],
  ['plain', 'integer'],
];

const rewriting: readonly (readonly [from: string, to: string])[] = [
  ['varchar(100)', 'varchar(50)'],
  ['text', 'varchar(255)'],
  ['char(5)', 'varchar(5)'],
  ['char(5)', 'char(10)'],
  ['char(5)', 'text'],
  ['numeric(10,2)', 'numeric(12,4)'],
  ['numeric(10,2)', 'numeric(8,2)'],
  ['numeric', 'numeric(20,2)'],
  ['timestamp(6)', 'timestamp(3)'],
  ['timestamp', `timestamptz USING "value" AT TIME ZONE 'UTC'`],
  ['integer', 'bigint'],
  ['bigint', 'integer'],
  ['smallint', 'integer'],
  ['real', 'double precision'],
  ['integer', 'text'],
  ['uuid', 'text USING "value"::text'],
  ['mood', 'text USING "value"::text'],
  ['text', 'mood USING "value"::mood'],
  ['text', 'integer USING "value"::integer'],
  ['json', 'jsonb'],
  ['jsonb', 'json'],
];

export const types: readonly Entry[] = [
  ...free.map(([from, to]) => ({
    name: `${from} to ${to} is free`,
    given: given(from),
    migration: change(to),
  })),
  ...rewriting.map(([from, to]) => ({
    name: `${from} to ${to} is not`,
    given: given(from),
    migration: change(to),
    expect: [error('alter-type-rewrite', 'alter-type-narrowing', 'alter-type-using-forces-rewrite')],
    allowed: ['json-column', 'alter-type-timezone'],
  })),
  {
    name: 'timestamp to timestamptz is free where the time zone is UTC',
    given: given('timestamp'),
    migration: `SET LOCAL timezone = 'UTC'; ${change('timestamptz')}`,
  },
  {
    name: 'timestamptz to timestamp is free where the time zone is UTC',
    given: given('timestamptz'),
    migration: `SET LOCAL timezone = 'UTC'; ${change('timestamp')}`,
  },
  {
    name: 'timestamp to timestamptz in Paris is not free',
    given: given('timestamp'),
    migration: `SET LOCAL timezone = 'Europe/Paris'; ${change('timestamptz')}`,
    expect: [error('alter-type-rewrite', 'alter-type-timezone')],
  },
  {
    name: 'USING makes a free change an expensive one',
    given: given('varchar(50)'),
    migration: change('varchar(100) USING trim("value")'),
    expect: [error('alter-type-using-forces-rewrite', 'alter-type-rewrite')],
  },
  {
    name: 'USING that does nothing does no harm',
    given: given('varchar(50)'),
    migration: change('text USING "value"::text'),
  },
  {
    name: 'a free change of a column with an index on an expression',
    given: `${given('varchar(50)')} CREATE INDEX "by_value" ON "readings" (lower("value"));`,
    migration: change('varchar(100)'),
    expect: [error('alter-type-index-rebuild', 'alter-type-rewrite')],
  },
  {
    name: 'a free change of a column with an ordinary index',
    given: `${given('varchar(50)')} CREATE INDEX "by_value" ON "readings" ("value");`,
    migration: change('varchar(100)'),
  },
  {
    name: 'a free change of a column with a check',
    given: `${given('varchar(50)')} ALTER TABLE "readings" ADD CONSTRAINT "filled" CHECK ("value" <> '');`,
    migration: change('varchar(100)'),
    expect: [error('alter-type-check-rescan', 'alter-type-rewrite')],
  },
  {
    name: 'another collation builds the indexes again',
    given: `${given('text')} CREATE INDEX "by_value" ON "readings" ("value");`,
    migration: change('text COLLATE "C"'),
    // In a database whose collation is C there is nothing to build again.
    allowed: ['alter-type-index-rebuild'],
  },
  {
    name: 'text to citext builds the indexes again',
    given: `CREATE EXTENSION citext; ${given('text')} CREATE INDEX "by_value" ON "readings" ("value");`,
    migration: change('citext'),
    expect: [error('alter-type-index-rebuild', 'alter-type-rewrite')],
  },
  {
    name: 'a change of a column that a view shows',
    given: `${given('varchar(50)')} CREATE VIEW "shown" AS SELECT "value" FROM "readings";`,
    migration: change('varchar(100)'),
    fails: true,
    expect: [error('cannot-be-judged')],
  },
  {
    name: 'a change of a column that a view shows, and the view is created again',
    given: `${given('varchar(50)')} CREATE VIEW "shown" AS SELECT "value" FROM "readings";`,
    migration: `DROP VIEW "shown"; ${change('varchar(100)')}; CREATE VIEW "shown" AS SELECT "value" FROM "readings"`,
    allowed: ['drop-view'],
  },
  {
    name: 'two columns widened in one statement',
    given: `CREATE TABLE "readings" ("id" bigint PRIMARY KEY, "a" varchar(10), "b" varchar(10))`,
    migration: `ALTER TABLE "readings" ALTER COLUMN "a" TYPE varchar(20), ALTER COLUMN "b" SET DATA TYPE text`,
  },
  {
    name: 'one of two columns in one statement is rewritten',
    given: `CREATE TABLE "readings" ("id" bigint PRIMARY KEY, "a" varchar(10), "b" integer)`,
    migration: `ALTER TABLE "readings" ALTER COLUMN "a" TYPE varchar(20), ALTER COLUMN "b" SET DATA TYPE bigint`,
    expect: [error('alter-type-rewrite')],
  },
  {
    name: 'a key that outgrows its type, through a second column and a trigger',
    given: `CREATE TABLE "readings" ("id" integer PRIMARY KEY, "sensor" integer NOT NULL)`,
    migration: [
      `ALTER TABLE "readings" ADD "sensor_new" bigint;
CREATE FUNCTION "sensor_both"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."sensor_new" := NEW."sensor"; RETURN NEW; END $$;
CREATE TRIGGER "sensor_both" BEFORE INSERT OR UPDATE ON "readings" FOR EACH ROW EXECUTE FUNCTION "sensor_both"()`,
      {
        up: async (queryRunner) => {
          for (let affected = 1; affected > 0;)
            [, affected] = (await queryRunner.query(
              `UPDATE "readings" SET "sensor_new" = "sensor" WHERE "id" IN (SELECT "id" FROM "readings" WHERE "sensor_new" IS NULL ORDER BY "id" LIMIT 5000)`,
            )) as [unknown, number];
        },
        transaction: false,
      },
    ],
  },
  {
    name: 'a key that outgrows its type, and the columns that refer to it',
    given: linked,
    migration: `ALTER TABLE "users" ALTER COLUMN "id" TYPE bigint; ALTER TABLE "orders" ALTER COLUMN "user_id" TYPE bigint`,
    expect: [error('alter-type-rewrite')],
    allowed: ['several-tables-locked', 'work-while-holding-lock', 'fk-type-mismatch'],
  },
  {
    name: 'a column of a partitioned table outgrows its type',
    given: events,
    migration: `ALTER TABLE "events" ALTER COLUMN "payload" TYPE text USING "payload"::text`,
    expect: [error('alter-type-rewrite')],
    allowed: ['alter-type-using-forces-rewrite'],
  },
  {
    name: 'an array of longer texts is free',
    given: given('varchar(50)[]'),
    migration: change('varchar[]'),
  },
];
