import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresOptions } from '../data-source/define-options.js';
import { dataSourceElsewhere } from '../data-source/elsewhere.js';
import { initialise } from '../database/initialise.js';
import { codeOf, MigrateError } from '../errors.js';
import { shareWithOthers } from '../typeorm/shared-query-runner.js';
import type { Clone } from './clone.js';
import { seedWith } from './fill.js';
import { cloneInProcess } from './in-process.js';
import { tellingNextStep } from './next-step.js';
import { cloneOnServer } from './on-server.js';
import { projectOf } from './project.js';
import type { TestDatabaseOptions, TestProject } from './project.js';

type EntityClass = abstract new (...parameters: never[]) => object;

/** A migrated database that belongs to one test file. */
export interface TestDatabase {
  /**
   * A data source connected to the database, with the entities of the project. It stays connected until `close()`, even if an app that uses it closes.
   */
  readonly dataSource: DataSource;
  /** The address, if the database is on a server. */
  readonly url: string | undefined;
  /** Adds entities that the data source does not list, as `autoLoadEntities` of `TypeOrmModule` does. */
  withEntities(entities: readonly EntityClass[]): Promise<DataSource>;
  /** Restores the state after migrations and seed: rows, sequences, materialized views, and the schema if a test has changed it. */
  reset(): Promise<void>;
  /** Runs a function in a transaction that is rolled back. Transactions of the app become savepoints. Sequences are not reset. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /** Closes the connections, and removes the database. On a server, a database that can be restored is left to the next test file. */
  close(): Promise<void>;
}

/**
 * Creates a separate database for a test file. It is migrated once, and then copied for each test file. The database of the data source is never
 * connected to.
 *
 * @example
 * const database = await createTestDatabase(dataSource, { seed: (source) => source.getRepository(User).insert({ name: 'Ada' }) });
 * afterEach(() => database.reset());
 * afterAll(() => database.close());
 */
export async function createTestDatabase(
  dataSource: DataSource | PostgresOptions,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  return tellingNextStep(async () => openTestDatabase(projectOf(dataSource, options)));
}

export async function openTestDatabase(project: TestProject): Promise<TestDatabase> {
  const clone = await (project.server === undefined ? cloneInProcess(project) : cloneOnServer(project));
  try {
    return await OpenTestDatabase.open(clone, project);
  } catch (error) {
    await clone.remove();
    throw error;
  }
}

class OpenTestDatabase implements TestDatabase {
  readonly dataSource: DataSource;
  readonly url: string | undefined;
  readonly #destroy: () => Promise<void>;
  #keeper: { readonly pool: pg.Pool; readonly client: pg.PoolClient } | undefined;
  #isClosed = false;
  #subscribers: DataSource['subscribers'] = [];

  private constructor(
    private readonly clone: Clone,
    private readonly project: TestProject,
  ) {
    this.url = clone.url;
    this.dataSource = dataSourceElsewhere(project.dataSource, clone.connection);
    this.#destroy = this.dataSource.destroy.bind(this.dataSource);
    // An app destroys its data source when it closes, and the next test may boot another app.
    this.dataSource.destroy = () => Promise.resolve();
  }

  static async open(clone: Clone, project: TestProject): Promise<TestDatabase> {
    const database = new OpenTestDatabase(clone, project);
    try {
      await database.#connect();
    } catch (error) {
      await database.#disconnect();
      throw error;
    }
    return database;
  }

  async withEntities(entities: readonly EntityClass[]): Promise<DataSource> {
    this.#refuseClosed('withEntities()');
    const { dataSource } = this;
    // Subscribers and the like that an earlier app has added are removed with it.
    Object.assign(dataSource, { subscribers: [...this.#subscribers] });
    const more = entities.filter((entity) => !dataSource.hasMetadata(entity));
    if (more.length === 0) return dataSource;
    const known = Object.values(dataSource.options.entities ?? {}) as readonly unknown[];
    Object.assign(dataSource.options, { entities: [...known, ...more] });
    await this.#destroy();
    await this.#initialise();
    return dataSource;
  }

  async reset(): Promise<void> {
    this.#refuseClosed('reset()');
    if (await this.#goBack()) return;
    await this.#disconnect();
    await this.clone.refill();
    await this.#connect();
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseClosed('transaction()');
    const queryRunner = this.dataSource.createQueryRunner();
    const keepToItself = await shareWithOthers(queryRunner);
    try {
      await queryRunner.startTransaction();
      return await work();
    } finally {
      keepToItself();
      await queryRunner.rollbackTransaction();
      await queryRunner.release();
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#disconnect();
    await this.clone.remove();
  }

  /** The keeper stays connected when the data source is not, so that the database stays open and does not count as a leftover. */
  async #connect(): Promise<void> {
    const pool = this.clone.openPool();
    pool.on('error', () => undefined);
    const [kept, initialised] = await Promise.allSettled([pool.connect(), this.#initialise()]);
    if (kept.status === 'rejected') {
      await pool.end();
      throw kept.reason;
    }
    const client = kept.value;
    client.on('error', () => undefined);
    this.#keeper = { pool, client };
    if (initialised.status === 'rejected') throw initialised.reason;
    await seedWith(this.dataSource, this.project);
  }

  async #initialise(): Promise<void> {
    const { dataSource, project } = this;
    const signal = new AbortController().signal;
    await initialise({ dataSource, settings: project.settings, signal, onEvent: () => undefined }, 'left out');
    this.#subscribers = [...dataSource.subscribers];
  }

  async #disconnect(): Promise<void> {
    if (this.dataSource.isInitialized) await this.#destroy();
    this.#keeper?.client.release();
    await this.#keeper?.pool.end();
    this.#keeper = undefined;
  }

  /** False if only a new copy can restore the state. */
  async #goBack(): Promise<boolean> {
    try {
      const [row] = await this.dataSource.query<readonly { readonly reason: string | null }[]>(
        'SELECT nest_migrate_testing.reset() AS reason',
      );
      return row?.reason === null;
    } catch (error) {
      throw codeOf(error) === lockNotAvailable ? leftOpen(error) : error;
    }
  }

  #refuseClosed(what: string): void {
    if (!this.#isClosed) return;
    throw new MigrateError({
      code: 'TEST_DATABASE_FAILED',
      message: `${what} was called on a test database that had been closed. Nothing was done.`,
      next: 'Close the database after the last test: afterAll(() => database.close())',
    });
  }
}

const lockNotAvailable = '55P03';

function leftOpen(cause: unknown): MigrateError {
  return new MigrateError({
    code: 'TEST_DATABASE_FAILED',
    message:
      'reset() waited five seconds for a transaction that a test has left open. The rows of that test are still there.',
    next: 'Await everything that a test starts, and release its query runners.',
    cause,
  });
}
