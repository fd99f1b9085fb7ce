import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { linked, orders, roles, typeormMetadata, users } from './given.js';

/** What `typeorm migration:generate` writes, and what should stand there instead. */
export const typeorm: readonly Entry[] = [
  {
    name: 'a longer varchar is a dropped column and an empty one',
    given: users,
    migration: `ALTER TABLE "users" DROP COLUMN "name"; ALTER TABLE "users" ADD "name" character varying(200)`,
    expect: [error('orm-drop-add-column', 'drop-column')],
  },
  {
    name: 'a longer varchar, changed where it is',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" TYPE character varying(200)`,
  },
  {
    name: 'an integer that becomes bigint is dropped and added NOT NULL',
    given: orders,
    migration: `ALTER TABLE "orders" DROP COLUMN "user_id"; ALTER TABLE "orders" ADD "user_id" bigint NOT NULL`,
    expect: [error('orm-drop-add-column', 'drop-column'), error('add-column-notnull-nodefault', 'orm-drop-add-column')],
  },
  {
    name: 'a timestamp that becomes timestamptz is dropped and added',
    given: orders,
    migration: `ALTER TABLE "orders" DROP COLUMN "starts_at"; ALTER TABLE "orders" ADD "starts_at" TIMESTAMP WITH TIME ZONE`,
    expect: [error('orm-drop-add-column', 'drop-column')],
  },
  {
    name: 'an enum that loses a value is swapped, default and all',
    given: orders,
    migration: `ALTER TYPE "public"."orders_status_enum" RENAME TO "orders_status_enum_old";
CREATE TYPE "public"."orders_status_enum" AS ENUM('new', 'paid');
ALTER TABLE "orders" ALTER COLUMN "status" DROP DEFAULT;
ALTER TABLE "orders" ALTER COLUMN "status" TYPE "public"."orders_status_enum" USING "status"::"text"::"public"."orders_status_enum";
ALTER TABLE "orders" ALTER COLUMN "status" SET DEFAULT 'new';
DROP TYPE "public"."orders_status_enum_old"`,
    expect: [error('enum-recreate', 'alter-type-rewrite')],
    allowed: ['alter-type-using-forces-rewrite', 'alter-type-narrowing', 'work-while-holding-lock'],
  },
  {
    name: 'an enum that gets a value is swapped anyway',
    given: orders,
    migration: `ALTER TYPE "public"."orders_status_enum" RENAME TO "orders_status_enum_old";
CREATE TYPE "public"."orders_status_enum" AS ENUM('new', 'paid', 'shipped', 'returned');
ALTER TABLE "orders" ALTER COLUMN "status" DROP DEFAULT;
ALTER TABLE "orders" ALTER COLUMN "status" TYPE "public"."orders_status_enum" USING "status"::"text"::"public"."orders_status_enum";
ALTER TABLE "orders" ALTER COLUMN "status" SET DEFAULT 'new';
DROP TYPE "public"."orders_status_enum_old"`,
    expect: [error('enum-recreate', 'alter-type-rewrite')],
    allowed: ['alter-type-using-forces-rewrite', 'work-while-holding-lock'],
  },
  {
    name: 'an enum gets only a new value',
    given: orders,
    migration: `ALTER TYPE "public"."orders_status_enum" ADD VALUE IF NOT EXISTS 'returned'`,
  },
  {
    name: 'an index of @Index()',
    given: users,
    migration: `CREATE INDEX "IDX_97672ac88f789774dd47f7c8be" ON "users" ("email") `,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'an index of @Index({ unique: true })',
    given: users,
    migration: `CREATE UNIQUE INDEX "IDX_97672ac88f789774dd47f7c8be" ON "users" ("email") `,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'an index, concurrently',
    given: users,
    migration: `CREATE INDEX CONCURRENTLY "IDX_97672ac88f789774dd47f7c8be" ON "users" ("email")`,
    transaction: false,
  },
  {
    name: 'a unique index, concurrently',
    given: users,
    migration: `CREATE UNIQUE INDEX CONCURRENTLY "IDX_97672ac88f789774dd47f7c8be" ON "users" ("email")`,
    transaction: false,
  },
  {
    name: 'a constraint of @Column({ unique: true })',
    given: users,
    migration: `ALTER TABLE "users" ADD CONSTRAINT "UQ_97672ac88f789774dd47f7c8be3" UNIQUE ("email")`,
    expect: [error('add-unique-blocking')],
  },
  {
    name: 'a unique constraint from an index that was built concurrently',
    given: users,
    migration: [
      {
        up: `CREATE UNIQUE INDEX CONCURRENTLY "UQ_97672ac88f789774dd47f7c8be3" ON "users" ("email")`,
        transaction: false,
      },
      `ALTER TABLE "users" ADD CONSTRAINT "UQ_97672ac88f789774dd47f7c8be3" UNIQUE USING INDEX "UQ_97672ac88f789774dd47f7c8be3"`,
    ],
  },
  {
    name: 'a new one-to-one relation: column, unique key and foreign key',
    given: `${users} CREATE TABLE "profiles" ("id" SERIAL NOT NULL, CONSTRAINT "PK_8e520eb4da7dc01d0e190447c8e" PRIMARY KEY ("id"));`,
    migration: `ALTER TABLE "users" ADD "profileId" integer;
ALTER TABLE "users" ADD CONSTRAINT "UQ_b1bda35cdb9a2c1b777f5541d87" UNIQUE ("profileId");
ALTER TABLE "users" ADD CONSTRAINT "FK_b1bda35cdb9a2c1b777f5541d87" FOREIGN KEY ("profileId") REFERENCES "profiles"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    expect: [error('add-unique-blocking'), error('add-fk-validating')],
    allowed: ['work-while-holding-lock', 'several-tables-locked'],
  },
  {
    name: 'a foreign key with ON DELETE CASCADE',
    given: orders,
    migration: `ALTER TABLE "orders" ADD CONSTRAINT "FK_a922b820eeef29ac1c6800e826a" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    expect: [error('add-fk-validating')],
  },
  {
    name: 'a foreign key in two steps, each in a file of its own',
    given: orders,
    migration: [
      `ALTER TABLE "orders" ADD CONSTRAINT "FK_a922b820eeef29ac1c6800e826a" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID`,
      `ALTER TABLE "orders" VALIDATE CONSTRAINT "FK_a922b820eeef29ac1c6800e826a"`,
    ],
  },
  {
    name: 'a foreign key whose ON DELETE changes is dropped and added',
    given: linked,
    migration: `ALTER TABLE "orders" DROP CONSTRAINT "FK_a922b820eeef29ac1c6800e826a";
ALTER TABLE "orders" ADD CONSTRAINT "FK_a922b820eeef29ac1c6800e826a" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE NO ACTION`,
    expect: [error('add-fk-validating')],
    allowed: ['work-while-holding-lock', 'several-tables-locked'],
  },
  {
    name: 'a column of @Generated("uuid")',
    given: `CREATE EXTENSION IF NOT EXISTS "uuid-ossp"; ${users}`,
    migration: `ALTER TABLE "users" ADD "uuid" uuid NOT NULL DEFAULT uuid_generate_v4()`,
    expect: [error('add-column-volatile-default')],
  },
  {
    name: 'a column of @Generated("uuid"), filled before it becomes NOT NULL',
    given: `CREATE EXTENSION IF NOT EXISTS "uuid-ossp"; ${users}`,
    migration: [
      `ALTER TABLE "users" ADD "uuid" uuid; ALTER TABLE "users" ALTER COLUMN "uuid" SET DEFAULT uuid_generate_v4()`,
      {
        up: async (queryRunner) => {
          for (let affected = 1; affected > 0;)
            [, affected] = (await queryRunner.query(
              `UPDATE "users" SET "uuid" = uuid_generate_v4() WHERE "id" IN (SELECT "id" FROM "users" WHERE "uuid" IS NULL ORDER BY "id" LIMIT 1000)`,
            )) as [unknown, number];
        },
        transaction: false,
      },
      `ALTER TABLE "users" ADD CONSTRAINT "nn_users_uuid" CHECK ("uuid" IS NOT NULL) NOT VALID`,
      `ALTER TABLE "users" VALIDATE CONSTRAINT "nn_users_uuid"`,
      `ALTER TABLE "users" ALTER COLUMN "uuid" SET NOT NULL; ALTER TABLE "users" DROP CONSTRAINT "nn_users_uuid"`,
    ],
  },
  {
    name: 'a NOT NULL column without a default',
    given: users,
    migration: `ALTER TABLE "users" ADD "nickname" character varying NOT NULL`,
    expect: [error('add-column-notnull-nodefault')],
  },
  {
    name: 'a NOT NULL column with a default',
    given: users,
    migration: `ALTER TABLE "users" ADD "nickname" character varying NOT NULL DEFAULT ''`,
  },
  {
    name: 'columns that are nullable',
    given: users,
    migration: `ALTER TABLE "users" ADD "deletedAt" TIMESTAMP; ALTER TABLE "users" ADD "bio" text`,
  },
  {
    name: 'columns of @CreateDateColumn and @VersionColumn',
    given: orders,
    migration: `ALTER TABLE "orders" ADD "createdAt" TIMESTAMP NOT NULL DEFAULT now(); ALTER TABLE "orders" ADD "version" integer NOT NULL DEFAULT '1'`,
  },
  {
    name: 'a column of settings, empty at first',
    given: users,
    migration: `ALTER TABLE "users" ADD "settings" jsonb NOT NULL DEFAULT '{}'`,
  },
  {
    name: 'a column of a new enum',
    given: users,
    migration: `CREATE TYPE "public"."users_role_enum" AS ENUM('user', 'admin'); ALTER TABLE "users" ADD "role" "public"."users_role_enum" NOT NULL DEFAULT 'user'`,
  },
  {
    name: 'an array column',
    given: users,
    migration: `ALTER TABLE "users" ADD "tags" text array NOT NULL DEFAULT '{}'`,
  },
  {
    name: 'nullable: false on a column that was nullable',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL`,
    expect: [error('set-not-null-scan')],
  },
  {
    name: 'nullable: true on a column that was not',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "email" DROP NOT NULL`,
    allowed: ['drop-not-null'],
  },
  {
    name: 'a default that an insert of the old version relies on is dropped',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "active" DROP DEFAULT`,
    expect: [warning('change-default', 'drop-needed-default')],
  },
  {
    name: 'a second primary column',
    given: users,
    migration: `ALTER TABLE "users" DROP CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433";
ALTER TABLE "users" ADD CONSTRAINT "PK_53ebf4d6ffa7b4bf8f1f2e0ed5a" PRIMARY KEY ("id", "email")`,
    expect: [error('add-pk-blocking')],
    allowed: ['drop-pk', 'work-while-holding-lock'],
  },
  {
    name: 'a renamed property',
    given: users,
    migration: `ALTER TABLE "users" RENAME COLUMN "name" TO "fullName"`,
    expect: [error('rename-column')],
  },
  {
    name: 'a renamed entity',
    given: users,
    migration: `ALTER TABLE "users" RENAME TO "accounts"`,
    expect: [error('rename-table')],
  },
  {
    name: 'a renamed entity: indexes and keys follow',
    given: orders,
    migration: `ALTER INDEX "IDX_orders_user" RENAME TO "IDX_a922b820eeef29ac1c6800e826"; ALTER TABLE "orders" RENAME CONSTRAINT "PK_710e2d4957aa5878dfe94e4ac2f" TO "PK_orders"`,
  },
  {
    name: 'a removed entity',
    given: orders,
    migration: `DROP TABLE "orders"`,
    expect: [error('drop-table')],
  },
  {
    name: 'a removed entity, after the deploy',
    given: orders,
    migration: `DROP TABLE "orders"`,
    phase: 'contract',
  },
  {
    name: 'a removed property',
    given: users,
    migration: `ALTER TABLE "users" DROP COLUMN "age"`,
    expect: [error('drop-column')],
  },
  {
    name: 'a removed property, after the deploy',
    given: users,
    migration: `ALTER TABLE "users" DROP COLUMN "age"`,
    phase: 'contract',
  },
  {
    name: 'a removed relation: foreign key, then column',
    given: linked,
    migration: `ALTER TABLE "orders" DROP CONSTRAINT "FK_a922b820eeef29ac1c6800e826a"; ALTER TABLE "orders" DROP COLUMN "user_id"`,
    expect: [error('drop-column')],
    allowed: ['drop-index-blocking', 'work-while-holding-lock'],
  },
  {
    name: 'a removed index',
    given: orders,
    migration: `DROP INDEX "public"."IDX_orders_user"`,
    // As brief as ADD COLUMN, though there is a way to do without.
    allowed: ['drop-index-blocking'],
  },
  {
    name: 'a removed index, concurrently',
    given: `${orders} CREATE INDEX "IDX_orders_note" ON "orders" ("note");`,
    migration: `DROP INDEX CONCURRENTLY IF EXISTS "public"."IDX_orders_note"`,
    transaction: false,
  },
  {
    name: 'a generated column, with its row of metadata',
    given: `${users} ${typeormMetadata}`,
    migration: `ALTER TABLE "users" ADD "search" tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce("name", ''))) STORED;
INSERT INTO "typeorm_metadata"("database", "schema", "table", "type", "name", "value") VALUES ('app', 'public', 'users', 'GENERATED_COLUMN', 'search', 'to_tsvector(...)')`,
    expect: [error('add-column-stored-generated')],
    allowed: ['rows-changed-while-holding-lock', 'work-while-holding-lock'],
  },
  {
    name: 'a view, with its row of metadata',
    given: `${users} ${typeormMetadata}`,
    migration: `CREATE VIEW "active_users" AS SELECT "id", "email" FROM "users" WHERE "active";
INSERT INTO "typeorm_metadata"("database", "schema", "table", "type", "name", "value") VALUES (DEFAULT, 'public', DEFAULT, 'VIEW', 'active_users', 'SELECT "id", "email" FROM "users" WHERE "active"')`,
  },
  {
    name: 'a serial column',
    given: users,
    migration: `ALTER TABLE "users" ADD "position" SERIAL NOT NULL`,
    expect: [error('add-column-serial-identity', 'add-column-volatile-default')],
  },
  {
    name: 'an identity column',
    given: users,
    migration: `ALTER TABLE "users" ADD "position" integer GENERATED BY DEFAULT AS IDENTITY NOT NULL`,
    expect: [error('add-column-serial-identity', 'add-column-volatile-default')],
  },
  {
    name: 'the first migration of an app',
    migration: `CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE TYPE "public"."user_role_enum" AS ENUM('user', 'admin');
CREATE TABLE "user" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "email" character varying NOT NULL, "role" "public"."user_role_enum" NOT NULL DEFAULT 'user', "createdAt" TIMESTAMP NOT NULL DEFAULT now(), CONSTRAINT "UQ_e12875dfb3b1d92d7d7c5377e22" UNIQUE ("email"), CONSTRAINT "PK_cace4a159ff9f2512dd42373760" PRIMARY KEY ("id"));
CREATE TABLE "post" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "title" character varying(200) NOT NULL, "authorId" uuid, CONSTRAINT "PK_be5fda3aac270b134ff9c21cdee" PRIMARY KEY ("id"));
CREATE INDEX "IDX_c6fb082a3114f35d0cc27c518e" ON "post" ("authorId");
ALTER TABLE "post" ADD CONSTRAINT "CHK_title" CHECK (length("title") > 0);
ALTER TABLE "post" ADD CONSTRAINT "FK_c6fb082a3114f35d0cc27c518e0" FOREIGN KEY ("authorId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  },
  {
    name: 'a join table between tables of the same batch',
    migration: `CREATE TABLE "post" ("id" SERIAL NOT NULL, CONSTRAINT "PK_post" PRIMARY KEY ("id"));
CREATE TABLE "tag" ("id" SERIAL NOT NULL, CONSTRAINT "PK_tag" PRIMARY KEY ("id"));
CREATE TABLE "post_tags_tag" ("postId" integer NOT NULL, "tagId" integer NOT NULL, CONSTRAINT "PK_post_tags" PRIMARY KEY ("postId", "tagId"));
CREATE INDEX "IDX_b651178cc41334544a7a9601c4" ON "post_tags_tag" ("postId");
CREATE INDEX "IDX_41e7626b9cc03c5c65812ae55e" ON "post_tags_tag" ("tagId");
ALTER TABLE "post_tags_tag" ADD CONSTRAINT "FK_b651178cc41334544a7a9601c45" FOREIGN KEY ("postId") REFERENCES "post"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "post_tags_tag" ADD CONSTRAINT "FK_41e7626b9cc03c5c65812ae55e8" FOREIGN KEY ("tagId") REFERENCES "tag"("id") ON DELETE CASCADE ON UPDATE CASCADE`,
  },
  {
    name: 'a join table between two tables in use',
    given: `${users} ${roles}`,
    migration: `CREATE TABLE "users_roles" ("userId" integer NOT NULL, "roleId" integer NOT NULL, CONSTRAINT "PK_users_roles" PRIMARY KEY ("userId", "roleId"));
CREATE INDEX "IDX_ur_user" ON "users_roles" ("userId");
CREATE INDEX "IDX_ur_role" ON "users_roles" ("roleId");
ALTER TABLE "users_roles" ADD CONSTRAINT "FK_ur_user" FOREIGN KEY ("userId") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "users_roles" ADD CONSTRAINT "FK_ur_role" FOREIGN KEY ("roleId") REFERENCES "roles"("id") ON DELETE CASCADE ON UPDATE CASCADE`,
    allowed: ['multiple-fks-one-tx', 'several-tables-locked'],
  },
  {
    name: 'a new entity that refers to one in use',
    given: users,
    migration: `CREATE TABLE "session" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "userId" integer NOT NULL, "token" character varying(64) NOT NULL, "expiresAt" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "PK_f55da76ac1c3ac420f444d2ff11" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "IDX_232f8e85d7633bd6ddfad42169" ON "session" ("token");
CREATE INDEX "IDX_3d2f174ef04fb312fdebd0ddc5" ON "session" ("userId");
ALTER TABLE "session" ADD CONSTRAINT "FK_3d2f174ef04fb312fdebd0ddc53" FOREIGN KEY ("userId") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  },
  {
    name: 'a tree with a closure table',
    migration: `CREATE TABLE "category" ("id" SERIAL NOT NULL, "name" character varying NOT NULL, "parentId" integer, CONSTRAINT "PK_9c4e4a89e3674fc9f382d733f03" PRIMARY KEY ("id"));
CREATE INDEX "IDX_category_parent" ON "category" ("parentId");
CREATE TABLE "category_closure" ("id_ancestor" integer NOT NULL, "id_descendant" integer NOT NULL, CONSTRAINT "PK_8da8666fc72217687e9b4f4c7e9" PRIMARY KEY ("id_ancestor", "id_descendant"));
CREATE INDEX "IDX_4aa1348fc4b7da9bef0fae8ff4" ON "category_closure" ("id_ancestor");
CREATE INDEX "IDX_6a22002acac4976977b1efd114" ON "category_closure" ("id_descendant");
ALTER TABLE "category" ADD CONSTRAINT "FK_category_parent" FOREIGN KEY ("parentId") REFERENCES "category"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;
ALTER TABLE "category_closure" ADD CONSTRAINT "FK_4aa1348fc4b7da9bef0fae8ff48" FOREIGN KEY ("id_ancestor") REFERENCES "category"("id") ON DELETE CASCADE ON UPDATE NO ACTION;
ALTER TABLE "category_closure" ADD CONSTRAINT "FK_6a22002acac4976977b1efd114a" FOREIGN KEY ("id_descendant") REFERENCES "category"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  },
  {
    name: 'a comment on a column',
    given: users,
    migration: `COMMENT ON COLUMN "users"."email" IS 'where receipts go'`,
  },
  {
    name: 'a default for a column that had none',
    given: users,
    migration: `ALTER TABLE "users" ALTER COLUMN "age" SET DEFAULT '18'`,
  },
  {
    name: 'a constraint of @Check()',
    given: orders,
    migration: `ALTER TABLE "orders" ADD CONSTRAINT "CHK_a9d1a1d4d0b2b8" CHECK ("total" >= 0)`,
    expect: [error('add-check-validating')],
  },
  {
    name: 'a constraint of @Check() in two steps',
    given: orders,
    migration: [
      `ALTER TABLE "orders" ADD CONSTRAINT "CHK_a9d1a1d4d0b2b8" CHECK ("total" >= 0) NOT VALID`,
      `ALTER TABLE "orders" VALIDATE CONSTRAINT "CHK_a9d1a1d4d0b2b8"`,
    ],
  },
  {
    name: 'a constraint of @Exclusion()',
    given: `CREATE EXTENSION IF NOT EXISTS btree_gist; CREATE TABLE "bookings" ("id" SERIAL PRIMARY KEY, "room" integer NOT NULL, "during" tstzrange NOT NULL)`,
    migration: `ALTER TABLE "bookings" ADD CONSTRAINT "XCL_0f8ce1f5" EXCLUDE USING gist ("room" WITH =, "during" WITH &&)`,
    expect: [error('add-exclusion')],
  },
  {
    name: 'a constraint of @Exclusion() on a new table',
    migration: `CREATE EXTENSION IF NOT EXISTS btree_gist; CREATE TABLE "bookings" ("id" SERIAL PRIMARY KEY, "room" integer NOT NULL, "during" tstzrange NOT NULL);
ALTER TABLE "bookings" ADD CONSTRAINT "XCL_0f8ce1f5" EXCLUDE USING gist ("room" WITH =, "during" WITH &&)`,
  },
  {
    name: 'a key that gets a sequence',
    given: `CREATE TABLE "colors" ("id" integer NOT NULL, CONSTRAINT "PK_colors" PRIMARY KEY ("id"))`,
    migration: `CREATE SEQUENCE IF NOT EXISTS "colors_id_seq" OWNED BY "colors"."id"; ALTER TABLE "colors" ALTER COLUMN "id" SET DEFAULT nextval('"colors_id_seq"')`,
  },
  {
    name: 'a foreign key that is not valid, which the next release validates',
    given: orders,
    migration: `ALTER TABLE "orders" ADD CONSTRAINT "FK_a922b820eeef29ac1c6800e826a" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE NO ACTION NOT VALID`,
  },
];
