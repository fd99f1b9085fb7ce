import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateThing1795956198698 implements MigrationInterface {
  name = 'CreateThing1795956198698';
  static readonly phase = 'expand' as const;

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE "thing" (
        "id" integer NOT NULL,
        CONSTRAINT "PK_e7757c5911e20acd09faa22d1ac" PRIMARY KEY (id)
      )
    `);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE "thing"`);
  }
}
