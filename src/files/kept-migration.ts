import type { QueryRunner } from 'typeorm';
import type { KeptDown } from './kept-down.js';
import type { KnownMigration, LoadedMigration } from './migration.js';
import type { MigrationName } from './name.js';

/** A migration without a file, which can only be reverted. Its `up` is never called. */
export function keptMigration(
  { name, timestamp }: MigrationName,
  { transaction, statements }: KeptDown,
): KnownMigration {
  const down = async (queryRunner: QueryRunner): Promise<void> => {
    for (const { sql, parameters } of statements) await queryRunner.query(sql, parameters && [...parameters]);
  };
  const loaded: LoadedMigration = {
    name,
    timestamp,
    file: undefined,
    checksum: undefined,
    phase: 'expand',
    marksPhase: false,
    byHand: false,
    steps: undefined,
    prepare: () => Promise.resolve({ transaction, up: () => Promise.resolve(), down }),
  };
  return { name, timestamp, file: undefined, phase: undefined, steps: undefined, load: () => Promise.resolve(loaded) };
}
