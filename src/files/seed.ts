import type { QueryRunner } from 'typeorm';

/**
 * The interface of a seed class, which fills a database with rows. Its constructor may have dependencies if it runs inside a
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
  /** Everything done through the query runner, or through injected repositories, is in one transaction. */
  run(queryRunner: QueryRunner): Promise<unknown>;
}

/** Whether a seed runs once per database, or every time; a class sets it with `static readonly when`. */
export type SeedTimes = 'once' | 'always';
