import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexPostsByAuthor1760000100000 implements MigrationInterface {
  name = 'IndexPostsByAuthor1760000100000';

  // Building an index concurrently does not stop the app from writing, and cannot run inside a transaction.
  transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX CONCURRENTLY "posts_author" ON "posts" ("authorId")`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY "posts_author"`);
  }
}
