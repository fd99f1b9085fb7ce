import type { QueryRunner } from 'typeorm';

/**
 * What a class in the folder of the seeds has: it fills a database with rows. Its constructor may have dependencies when it runs inside a
 * Nest app.
 *
 * @example
 * export class DemoUsers implements Seed {
 *   static readonly environments = ['development', 'test'];
 *   async run(queryRunner: QueryRunner): Promise<void> {
 *     await queryRunner.manager.save(User, [{ name: 'Ada' }]);
 *   }
 * }
 */
export interface Seed {
  /** Everything that is done through the query runner, or through injected repositories, is in one transaction. */
  run(queryRunner: QueryRunner): Promise<unknown>;
}

/** Once for each database, or each time; a class says it as `static readonly when`. */
export type SeedTimes = 'once' | 'always';
