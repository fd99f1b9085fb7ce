import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { dataSourceElsewhere } from '../data-source/elsewhere.js';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';
import { createMigrator } from '../migrator.js';
import type { Migrator } from '../migrator.js';
import { initialStateOf } from '../shadow/initial-state.js';
import { makeInitialState } from '../shadow/make-initial-state.js';
import type { TestProject } from './project.js';
import { stateSql } from './state-sql.js';

/** An empty database, as far as filling it needs to know it. */
export interface Empty {
  /** As TypeORM wants it. */
  readonly connection: object;
  openPool(): pg.Pool;
  readonly resetSession: string;
}

/** Migrates an empty database, and executes the seed that is kept with it. */
export async function fill(empty: Empty, project: TestProject): Promise<void> {
  await beginIn(empty, project);
  const dataSource = dataSourceElsewhere(project.dataSource, empty.connection);
  const migrator = migratorFor(dataSource, project);
  try {
    await migrator.run({ phase: 'all' });
    if (typeof project.seed === 'string') await dataSource.query(await readSeed(project.seed)).catch(seedFailed);
    await dataSource.query(stateSql);
    await dataSource.query('SELECT nest_migrate_testing.remember()');
  } catch (error) {
    throw isMigrateError(error) ? error.with({ message: `${error.message}\nNo test database was made.` }) : error;
  } finally {
    await migrator.close();
  }
}

/** Makes what a database has before its first migration. */
async function beginIn(empty: Empty, project: TestProject): Promise<void> {
  const pool = empty.openPool();
  pool.on('error', () => undefined);
  try {
    await makeInitialState(pool, await initialStateOf(project), empty.resetSession);
  } finally {
    await pool.end();
  }
}

function migratorFor(dataSource: DataSource, { given, instantiate }: TestProject): Migrator {
  return createMigrator({ dataSource, settings: given, instantiate });
}

/** What the seed inserts belongs to the state that `reset()` goes back to. */
export async function seedWith(dataSource: DataSource, { seed }: Pick<TestProject, 'seed'>): Promise<void> {
  if (typeof seed !== 'function') return;
  await (async () => seed(dataSource))().catch(seedFailed);
  await dataSource.query('SELECT nest_migrate_testing.remember()');
}

async function readSeed(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(seedFailed);
}

function seedFailed(error: unknown): never {
  throw new MigrateError({
    code: 'TEST_DATABASE_FAILED',
    message: `The seed of the test database failed: ${messageOf(error)}.`,
    next: 'Correct the seed: it is executed after all migrations, on an empty database.',
    cause: error,
  });
}
