import { Inject } from '@nestjs/common';
import type { InjectionToken, Type } from '@nestjs/common';
import { getDataSourcePrefix, getDataSourceToken, getEntityManagerToken } from '@nestjs/typeorm';
import type { QueryRunner } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import type { Instantiate, MigrationClass } from '../files/migration.js';
import { dependenciesOf, nameOf } from './dependencies.js';
import { defaultConnection } from './migrations.constants.js';
import { waitChain } from './wait-chain.js';

/** What is used of Nest's `ModuleRef`. */
export interface Container {
  create<T>(type: Type<T>): Promise<T>;
}

/**
 * Gives migration classes the dependencies of their constructors. What belongs to the data source that is being migrated (repositories,
 * the entity manager) comes from the migration's own query runner, so that it takes part in its transaction; everything else from Nest.
 */
export function createInstantiate(container: Container | undefined, connection: string): Instantiate {
  return async (migrationClass, queryRunner) => {
    const own = ownTokens(queryRunner, connection);
    const values: unknown[] = [];
    for (const [index, { token, optional }] of dependenciesOf(migrationClass).entries()) {
      if (token === undefined) throw unknownType(migrationClass, index);
      const wanted: Wanted = { token, optional, migrationClass, connection };
      values.push(own.has(token) ? own.get(token) : await provided(container, wanted));
    }
    return new (migrationClass as unknown as new (...dependencies: unknown[]) => object)(...values);
  };
}

/** The tokens under which @nestjs/typeorm provides this connection and what is made of it. */
function ownTokens({ manager }: QueryRunner, connection: string): ReadonlyMap<InjectionToken, unknown> {
  const dataSource = manager.connection;
  const prefix = getDataSourcePrefix(connection);
  const repositories = dataSource.entityMetadatas.map(({ target }) => {
    const token: InjectionToken = `${prefix}${typeof target === 'function' ? target.name : target}Repository`;
    return [token, manager.getRepository(target)] as const;
  });
  const own = new Map<InjectionToken, unknown>([
    ...repositories,
    [getDataSourceToken(connection) as InjectionToken, dataSource],
    [getEntityManagerToken(connection) as InjectionToken, manager],
  ]);
  // The app's own copy of TypeORM may be another one than ours.
  if (connection === defaultConnection) own.set(dataSource.constructor, dataSource).set(manager.constructor, manager);
  return own;
}

interface Wanted {
  readonly token: InjectionToken;
  readonly optional: boolean;
  readonly migrationClass: MigrationClass;
  readonly connection: string;
}

/** Lets Nest make a small class that needs just this one thing: so a provider that is still being made is waited for. */
async function provided(container: Container | undefined, wanted: Wanted): Promise<unknown> {
  if (container === undefined) throw withoutContainer(wanted);
  class Holder {
    constructor(readonly value: unknown) {}
  }
  Reflect.defineMetadata('design:paramtypes', [Object], Holder);
  Inject(wanted.token)(Holder, undefined, 0);
  try {
    return (await unlessItWaitsForUs(container.create(Holder), container, wanted)).value;
  } catch (error) {
    if (error instanceof MigrateError) throw error;
    if (!isUnknown(error)) throw failedProvider(wanted, error);
    if (wanted.optional) return undefined;
    throw unknownProvider(wanted, error);
  }
}

const lookAfterMs = 250;
const patienceMs = 30_000;

/**
 * While the database is being migrated, the data source is not there for anybody, so what needs it never comes. That can be read from
 * the injector; if it cannot, waiting comes to an end too.
 */
async function unlessItWaitsForUs<T>(made: Promise<T>, container: Container, wanted: Wanted): Promise<T> {
  const timers: NodeJS.Timeout[] = [];
  const never = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      const chain = waitChain(container, wanted.token, getDataSourceToken(wanted.connection) as InjectionToken);
      if (chain) reject(waitsForUs(wanted, `needs the database itself (${chain.map(nameOf).join(' → ')})`));
    };
    const giveUp = (): void => reject(waitsForUs(wanted, `did not come within ${patienceMs / 1000} s`));
    timers.push(setTimeout(look, lookAfterMs), setTimeout(giveUp, patienceMs));
  });
  try {
    return await Promise.race([made, never]);
  } finally {
    timers.forEach((timer) => clearTimeout(timer));
  }
}

/** By its name, since the app's copy of Nest may be another one than ours. */
function isUnknown(error: unknown): boolean {
  return (error as object | undefined)?.constructor.name === 'UnknownDependenciesException';
}

function unknownType({ name }: MigrationClass, index: number): MigrateError {
  return dependencyError(name, {
    message: `nothing says what parameter ${index + 1} of its constructor is`,
    next: 'Put @Injectable() on the class, and @Inject(token) on a parameter whose type is not a class.',
  });
}

function unknownProvider({ migrationClass, token }: Wanted, cause: unknown): MigrateError {
  return dependencyError(migrationClass.name, {
    message: `its dependency ${nameOf(token)} is not available here`,
    next: 'Add the module that provides it to MigrationsModule.forRoot({ imports: [TheModule], … }).',
    cause,
  });
}

function failedProvider({ migrationClass, token }: Wanted, cause: unknown): MigrateError {
  return dependencyError(migrationClass.name, {
    message: `its dependency ${nameOf(token)} could not be made: ${messageOf(cause)}`,
    next: 'Correct that provider.',
    cause,
  });
}

function withoutContainer({ migrationClass, token }: Wanted): MigrateError {
  return dependencyError(migrationClass.name, {
    message: `its dependency ${nameOf(token)} does not belong to the data source, and migratedDataSource() can provide nothing else`,
    next: 'Use MigrationsModule.forRoot({ dataSource, imports: [TheModule] }) instead.',
  });
}

function waitsForUs({ migrationClass, token }: Wanted, why: string): MigrateError {
  return dependencyError(migrationClass.name, {
    message: `its dependency ${nameOf(token)} ${why}, and that is there only after the migrations`,
    next: 'Inject what it needs directly (a repository, the EntityManager, a ConfigService) instead of what is built on the database.',
  });
}

function dependencyError(migration: string, details: { message: string; next: string; cause?: unknown }): MigrateError {
  const { message, next, cause } = details;
  return new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `Migration ${migration} cannot be made: ${message}. It was not started.`,
    next,
    migration,
    ...(cause !== undefined && { cause }),
  });
}
