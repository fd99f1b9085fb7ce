import type { InjectionToken } from '@nestjs/common';
import { messageOf, MigrateError } from '../errors.js';
import { nameOf } from './dependencies.js';

/** A dependency of a migration. */
export interface Wanted {
  readonly token: InjectionToken;
  readonly optional: boolean;
  /** The name of the migration. */
  readonly migration: string;
}

export function unknownType(migration: string, index: number): MigrateError {
  return dependencyError(migration, {
    message: `the type of parameter ${index + 1} of its constructor is unknown`,
    next: 'Put @Injectable() on the class, and @Inject(token) on a parameter whose type is not a class.',
  });
}

export function unknownProvider({ migration, token }: Wanted, cause: unknown): MigrateError {
  return dependencyError(migration, {
    message: `its dependency ${nameOf(token)} is not available here`,
    next: 'Add the module that provides it to MigrationsModule.forRoot({ imports: [TheModule], … }).',
    cause,
  });
}

export function failedProvider({ migration, token }: Wanted, cause: unknown): MigrateError {
  return dependencyError(migration, {
    message: `its dependency ${nameOf(token)} could not be created: ${messageOf(cause)}`,
    next: 'Correct that provider.',
    cause,
  });
}

export function refusedDependency({ migration, token }: Wanted, why: string): MigrateError {
  return dependencyError(migration, {
    message: `its dependency ${nameOf(token)} ${why}`,
    next: 'Inject what it needs directly (a repository, the EntityManager, the DataSource, a ConfigService) instead.',
  });
}

function dependencyError(migration: string, details: { message: string; next: string; cause?: unknown }): MigrateError {
  const { message, next, cause } = details;
  return new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `Migration ${migration} cannot be instantiated: ${message}. It was not started.`,
    next,
    migration,
    ...(cause !== undefined && { cause }),
  });
}
