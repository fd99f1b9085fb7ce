import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A migration may change data as well. */
export class WelcomePost1760000300000 implements MigrationInterface {
  name = 'WelcomePost1760000300000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      WITH author AS (INSERT INTO "users" ("name") VALUES ('Ada') RETURNING "id"),
        post AS (INSERT INTO "posts" ("title", "authorId") SELECT 'Hello, migrations', "id" FROM author RETURNING "id"),
        tag AS (INSERT INTO "tags" ("name") VALUES ('welcome') RETURNING "id")
      INSERT INTO "posts_tags" ("postId", "tagId") SELECT post."id", tag."id" FROM post, tag
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM "users" WHERE "name" = 'Ada'`);
    await queryRunner.query(`DELETE FROM "tags" WHERE "name" = 'welcome'`);
  }
}
