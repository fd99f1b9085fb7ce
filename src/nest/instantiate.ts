import 'reflect-metadata';
import { Inject } from '@nestjs/common';
import type { InjectionToken, Type } from '@nestjs/common';
import { getDataSourceToken, getEntityManagerToken, getRepositoryToken } from '@nestjs/typeorm';
import type { QueryRunner } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import type { Instantiate, MigrationClass } from '../files/migration.js';

/** What is used of Nest's `ModuleRef`. */
export interface Container {
  create<T>(type: Type<T>): Promise<T>;
}

const patienceMs = 10_000;

/**
 * Gives migration classes the dependencies of their constructors. What belongs to the data source that is being migrated (repositories,
 * the entity manager) comes from the migration's own query runner, so that it takes part in its transaction; everything else from Nest.
 */
export function createInstantiate(container: Container, connection: string): Instantiate {
  return async (migrationClass, queryRunner) => {
    const own = ownTokens(queryRunner, connection);
    const values: unknown[] = [];
    for (const { token, optional } of dependenciesOf(migrationClass)) {
      values.push(own.has(token) ? own.get(token) : await provided(container, token, optional, migrationClass));
    }
    return new (migrationClass as unknown as new (...dependencies: unknown[]) => object)(...values);
  };
}

function ownTokens(queryRunner: QueryRunner, connection: string): ReadonlyMap<InjectionToken, unknown> {
  const { manager } = queryRunner;
  const dataSource = manager.connection;
  const repositories = dataSource.entityMetadatas
    .filter(({ target }) => typeof target === 'function')
    .map(({ target }) => [getRepositoryToken(target as Type, connection) as InjectionToken, manager.getRepository(target)] as const);
  return new Map<InjectionToken, unknown>([
    ...repositories,
    [getDataSourceToken(connection) as InjectionToken, dataSource],
    [getEntityManagerToken(connection) as InjectionToken, manager],
  ]);
}

interface Dependency {
  readonly token: InjectionToken;
  readonly optional: boolean;
}

/** As Nest reads them: the types of the constructor, and over them what `@Inject` says. */
function dependenciesOf(migrationClass: MigrationClass): readonly Dependency[] {
  const metadata = (key: string): readonly unknown[] => (Reflect.getMetadata(key, migrationClass) as readonly unknown[] | undefined) ?? [];
  const types = metadata('design:paramtypes');
  const injected = metadata('self:paramtypes') as readonly { readonly index: number; readonly param: InjectionToken }[];
  const optional = metadata('optional:paramtypes');
  return Array.from({ length: migrationClass.length }, (_, index) => {
    const token = injected.find((one) => one.index === index)?.param ?? (types[index] as InjectionToken | undefined);
    if (token === undefined) throw unknownDependency(migrationClass, `number ${index + 1}`, 'its type is not known: the class needs @Injectable()');
    return { token: forwarded(token), optional: optional.includes(index) };
  });
}

function forwarded(token: InjectionToken): InjectionToken {
  const reference = token as { readonly forwardRef?: () => InjectionToken };
  return typeof reference.forwardRef === 'function' ? reference.forwardRef() : token;
}

/** Lets Nest make a small class that needs just this one thing: so a provider that is still being made is waited for. */
async function provided(container: Container, token: InjectionToken, optional: boolean, migrationClass: MigrationClass): Promise<unknown> {
  class Holder {
    constructor(readonly value: unknown) {}
  }
  Reflect.defineMetadata('design:paramtypes', [Object], Holder);
  Inject(token)(Holder, undefined, 0);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(waitsForUs(migrationClass, token)), patienceMs);
  });
  try {
    return (await Promise.race([container.create(Holder), tooLong])).value;
  } catch (error) {
    if (error instanceof MigrateError) throw error;
    if (optional) return undefined;
    throw unknownDependency(migrationClass, nameOf(token), messageOf(error).split('\n')[0] ?? '', error);
  } finally {
    clearTimeout(timer);
  }
}

function unknownDependency(migrationClass: MigrationClass, dependency: string, reason: string, cause?: unknown): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `Migration ${migrationClass.name} cannot be made: its dependency ${dependency} is not available (${reason}). It was not started.`,
    next: `Add the module that provides it: MigrationsModule.forRoot({ imports: [TheModule], … })`,
    migration: migrationClass.name,
    cause,
  });
}

function waitsForUs(migrationClass: MigrationClass, token: InjectionToken): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `Migration ${migrationClass.name} waits for ${nameOf(token)}, which did not come within ${patienceMs / 1000} s: most likely it needs the database itself, which is there only after the migrations. It was not started.`,
    next: 'Inject what it needs directly (a repository, the EntityManager, a ConfigService) instead of a service that uses the database.',
    migration: migrationClass.name,
  });
}

function nameOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}
