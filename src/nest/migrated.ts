import { ModuleRef } from '@nestjs/core';
import type { TypeOrmModuleAsyncOptions, TypeOrmModuleOptions, TypeOrmOptionsFactory } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { loadThroughProject } from '../data-source/project-import.js';
import { ExitCode, MigrateError } from '../errors.js';
import { carrying, migrating } from './carried.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { defaultConnection } from './migrations.constants.js';

/** Options of `migrated()`, in addition to those of TypeORM. */
export interface MigratedOptions extends Omit<MigrationsOptions, 'dataSource'> {
  /** Loads entities and migrations as the project does, for test runners that transform files: `(file) => import(file)`. */
  readonly import?: (file: string) => Promise<unknown>;
}

/**
 * For an app that keeps its own `TypeOrmModule.forRootAsync`: wraps its options, so that the database is migrated when the
 * data source is created, before anything can use it, in whatever order modules are imported. The modules in `imports` provide the
 * dependencies of migrations. Add `MigrationsModule.forRoot({ onBootstrap: 'off' })` to get the `MigrationsService`.
 *
 * @example
 * TypeOrmModule.forRootAsync(
 *   migrated({
 *     inject: [ConfigService],
 *     useFactory: (config: ConfigService) => ({ type: 'postgres', url: config.get('DATABASE_URL'), migrations: ['dist/migrations/*.js'] }),
 *   }),
 * )
 */
export function migrated(
  typeOrm: TypeOrmModuleAsyncOptions,
  { import: load, ...options }: MigratedOptions = {},
): TypeOrmModuleAsyncOptions {
  const { useClass, useExisting, ...rest } = typeOrm;
  const { name = defaultConnection, extraProviders = [], dataSourceFactory } = typeOrm;
  const factory = useClass ?? useExisting;
  return {
    ...rest,
    extraProviders: useClass ? [...extraProviders, useClass] : extraProviders,
    inject: [ModuleRef, ...(factory ? [factory] : (typeOrm.inject ?? []))],
    useFactory: async (container: ModuleRef, ...injected: unknown[]) =>
      carrying(await optionsFrom(typeOrm, injected), { options, container }),
    dataSourceFactory: migrating(name, async (_options, given) => {
      const dataSource = dataSourceFactory ? await dataSourceFactory(given) : new DataSource(given);
      if (load) loadThroughProject(dataSource, load);
      return dataSource;
    }),
  };
}

async function optionsFrom(typeOrm: TypeOrmModuleAsyncOptions, injected: unknown[]): Promise<TypeOrmModuleOptions> {
  if (typeOrm.useFactory) return typeOrm.useFactory(...injected);
  if (typeOrm.useClass ?? typeOrm.useExisting)
    return (injected[0] as TypeOrmOptionsFactory).createTypeOrmOptions(typeOrm.name);
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: 'migrated() received none of useFactory, useClass and useExisting, so there are no options for TypeORM.',
    next: 'Pass it the options of TypeOrmModule.forRootAsync: TypeOrmModule.forRootAsync(migrated({ useFactory: () => ({ … }) })).',
    exitCode: ExitCode.usage,
  });
}
