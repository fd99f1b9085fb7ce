import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { dataSourceElsewhere } from '../data-source/elsewhere.js';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';
import { createMigrator } from '../migrator.js';
import type { Migrator } from '../migrator.js';
import { initialStateOf } from '../shadow/initial-state.js';
import { missingLine } from '../shadow/missing-line.js';
import { makeInitialState } from '../shadow/make-initial-state.js';
import { commandOf } from '../sql/index.js';
import type { TestProject } from './project.js';
import { stateSql } from './state-sql.js';

/** The parts of an empty database that filling it needs. */
export interface Empty {
  /** The connection options for TypeORM. */
  readonly connection: object;
  openPool(): pg.Pool;
  readonly resetSession: string;
}

/** Migrates an empty database, and executes the seed that is cached with it. */
export async function fill(empty: Empty, project: TestProject): Promise<void> {
  const pool = empty.openPool();
  pool.on('error', () => undefined);
  try {
    await makeInitialState(pool, await initialStateOf(project), empty.resetSession);
    await migrate(empty, project);
    if (typeof project.seed === 'string') await pool.query(await readSeed(project.seed)).catch(seedFailed);
    await pool.query(stateSql);
    await pool.query('SELECT nest_migrate_testing.remember()');
  } catch (error) {
    throw isMigrateError(error) ? notFilled(error) : error;
  } finally {
    await pool.end();
  }
}

function notFilled(error: MigrateError): MigrateError {
  const line = missingLine(error.cause);
  const isExtension = line !== undefined && commandOf(line).command === 'CREATE EXTENSION';
  return error.with({
    message: `${error.message}\nNo test database was created.`,
    ...(isExtension && {
      next: `TypeORM installs extensions that the entities need. If the options have no entities, add them: entities: ['src/**/*.entity.ts']. Otherwise, add this line to the setting initialState: ${line}`,
    }),
  });
}

async function migrate({ connection }: Empty, project: TestProject): Promise<void> {
  if (project.only?.length === 0) return;
  const migrator = migratorFor(dataSourceElsewhere(project.dataSource, connection), project);
  try {
    await migrator.run({ phase: 'all', to: project.only?.at(-1)?.name });
    if (project.seed === true) await migrator.seed();
  } finally {
    await migrator.close();
  }
}

export function migratorFor(dataSource: DataSource, { given, instantiate }: TestProject): Migrator {
  return createMigrator({ dataSource, settings: given, instantiate });
}

/** The rows of the seed are part of the state that `reset()` restores. */
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
