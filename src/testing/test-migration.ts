import type { DataSource } from 'typeorm';
import { findByReference } from '../commands/choose.js';
import type { PostgresOptions } from '../data-source/define-options.js';
import { changesIn } from '../files/change.js';
import type { KnownMigration } from '../files/migration.js';
import { migratorFor } from './fill.js';
import { tellingNextStep } from './next-step.js';
import { migrationsOf, projectOf } from './project.js';
import type { TestDatabaseOptions } from './project.js';
import { openTestDatabase } from './test-database.js';

/** Options of `testMigration`. */
export interface TestMigrationOptions extends Omit<TestDatabaseOptions, 'seed'> {
  /** Inserts rows. Use SQL, because the schema is the one just before the migration, but the entities are the current ones. */
  readonly before?: (dataSource: DataSource) => unknown;
  /** Checks the rows after `up`. */
  readonly after: (dataSource: DataSource) => unknown;
  /** Checks the rows after `down`; `false` if the migration cannot be reverted. */
  readonly reverted?: ((dataSource: DataSource) => unknown) | false;
}

/**
 * Tests one migration with rows: runs, reverts and reruns it on a database with the schema just before it, using the same code as in
 * production. `name` is its class, its file, or the name of a change with several migrations.
 *
 * @example
 * await testMigration(dataSource, 'SplitNames', {
 *   before: (db) => db.query(`INSERT INTO users (name) VALUES ('Ada Lovelace')`),
 *   after: async (db) => expect(await db.query('SELECT first, last FROM users')).toEqual([{ first: 'Ada', last: 'Lovelace' }]),
 *   reverted: async (db) => expect(await db.query('SELECT name FROM users')).toEqual([{ name: 'Ada Lovelace' }]),
 * });
 */
export async function testMigration(
  dataSource: DataSource | PostgresOptions,
  name: string,
  options: TestMigrationOptions,
): Promise<void> {
  return tellingNextStep(() => thereAndBack(dataSource, name, options));
}

async function thereAndBack(
  dataSource: DataSource | PostgresOptions,
  name: string,
  { before, after, reverted, ...options }: TestMigrationOptions,
): Promise<void> {
  const all = projectOf(dataSource, options);
  const { earlier, tested, unit } = chosen(name, await migrationsOf(all));
  const database = await openTestDatabase({ ...all, only: earlier });
  const migrator = migratorFor(database.dataSource, all);
  const up = (): Promise<unknown> => migrator.run({ to: tested.name, phase: 'all' });
  try {
    await before?.(database.dataSource);
    await up();
    await after(database.dataSource);
    if (reverted === false) return;
    await migrator.revert({ unit });
    await reverted?.(database.dataSource);
    await up();
  } finally {
    await database.close();
  }
}

interface Chosen {
  readonly earlier: readonly KnownMigration[];
  /** The last of the tested migrations. */
  readonly tested: KnownMigration;
  readonly unit: 'change' | 'step';
}

function chosen(name: string, all: readonly KnownMigration[]): Chosen {
  const tested = findByReference(name, all);
  const change = changesIn(all).find(({ migrations }) => migrations.includes(tested));
  const isWhole = change?.migrations.at(-1) === tested;
  const first = isWhole ? (change.migrations[0] ?? tested) : tested;
  return { earlier: all.slice(0, all.indexOf(first)), tested, unit: isWhole ? 'change' : 'step' };
}
