import { TypeORMError } from 'typeorm';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** Methods that would close the migration's connection, or change the schema without it. */
const refused = [
  'initialize',
  'connect',
  'destroy',
  'close',
  'synchronize',
  'dropDatabase',
  'runMigrations',
  'undoLastMigration',
] as const;

/**
 * The data source of a query runner, as if this runner were its only connection: whatever is made of it (managers, repositories, query
 * builders, query runners, transactions) takes part in the transaction of the runner, and is of no use once that is released.
 */
export function boundDataSource(queryRunner: QueryRunner): DataSource {
  const { connection: real } = queryRunner;
  const own = new Map<PropertyKey, unknown>();
  const bound: DataSource = new Proxy(real, {
    get: (target, key, receiver) => own.get(key) ?? (Reflect.get(target, key, receiver) as unknown),
  });
  const runner = boundRunner(queryRunner, () => bound);
  const createQueryBuilder = real.createQueryBuilder.bind(bound) as (...parts: readonly unknown[]) => unknown;
  own
    .set('manager', real.createEntityManager.call(bound, runner))
    .set('createEntityManager', (given = runner) => real.createEntityManager.call(bound, given))
    .set('createQueryRunner', () => boundRunner(queryRunner, () => bound))
    // An entity that it loads asks its lazy relations of the runner that it was loaded by.
    .set('createQueryBuilder', (first?: unknown, alias?: unknown, given = runner) =>
      alias === undefined ? createQueryBuilder(first ?? runner) : createQueryBuilder(first, alias, given),
    )
    .set('relationLoader', madeFor(bound, real.relationLoader))
    .set('relationIdLoader', madeFor(bound, real.relationIdLoader));
  for (const name of refused) own.set(name, () => Promise.reject(notHere(`dataSource.${name}()`)));
  return bound;
}

/** The runner of the migration as one of its own: its transactions are savepoints, and releasing it changes nothing. */
function boundRunner(queryRunner: QueryRunner, dataSource: () => DataSource): QueryRunner {
  let open = 0;
  const ending = (name: 'commitTransaction' | 'rollbackTransaction') => async (): Promise<void> => {
    if (open === 0) throw notHere(`queryRunner.${name}()`);
    open -= 1;
    await queryRunner[name]();
  };
  const own: Readonly<Record<PropertyKey, () => unknown>> = {
    connection: dataSource,
    dataSource,
    manager: () => manager(),
    query: () => (queryRunner.isReleased ? () => Promise.reject(ended()) : queryRunner.query.bind(queryRunner)),
    release: () => () => Promise.resolve(),
    [Symbol.asyncDispose]: () => () => Promise.resolve(),
    startTransaction: () => async (level?: Parameters<QueryRunner['startTransaction']>[0]) => {
      await queryRunner.startTransaction(level);
      open += 1;
    },
    commitTransaction: () => ending('commitTransaction'),
    rollbackTransaction: () => ending('rollbackTransaction'),
  };
  const bound = new Proxy(queryRunner, {
    get: (target, key) => {
      if (Object.hasOwn(own, key)) return own[key]?.();
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  });
  let made: EntityManager | undefined;
  const manager = (): EntityManager => (made ??= dataSource().createEntityManager(bound));
  return bound;
}

/** Another instance of the same class, for another data source. */
function madeFor<T extends object>(dataSource: DataSource, one: T): T {
  return new (one.constructor as new (dataSource: DataSource) => T)(dataSource);
}

function ended(): TypeORMError {
  return new TypeORMError('This was made for a migration, which has ended: its connection was released');
}

function notHere(call: string): TypeORMError {
  return new TypeORMError(
    `${call} is not for a migration: connection, transaction and schema are in the hands of the command that runs it`,
  );
}
