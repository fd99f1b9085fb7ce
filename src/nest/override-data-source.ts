import type { InjectionToken } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getDataSourceToken, getRepositoryToken } from '@nestjs/typeorm';
import { getMetadataArgsStorage } from 'typeorm';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { defaultConnection } from './migrations.constants.js';
import { modulesOf } from './module-graph.js';
import type { Container } from './module-graph.js';

type EntityClass = Parameters<typeof getRepositoryToken>[0] & object;

/** What an app is given instead of its own database. */
export interface ReplacingDatabase {
  /** The data source, with these entities as well. */
  withEntities(entities: readonly EntityClass[]): Promise<DataSource>;
}

/** What is used of the `TestingModuleBuilder` of @nestjs/testing. */
export interface ModuleBuilder {
  overrideProvider(token: unknown): {
    useFactory(options: { factory: (container: never) => unknown; inject: unknown[] }): unknown;
  };
  compile(...options: never[]): Promise<{ close(): Promise<unknown> }>;
}

/**
 * Gives the app of a test a test database instead of the database of its data source, which is not connected to. `MigrationsModule` finds
 * nothing pending there. Closing the app leaves the database open, so that the next test can boot another one. `name` is that of the data
 * source in `TypeOrmModule` and `MigrationsModule`, where it has one.
 *
 * @example
 * const builder = Test.createTestingModule({ imports: [AppModule] });
 * const app = (await overrideDataSource(builder, database).compile()).createNestApplication();
 */
export function overrideDataSource<Builder extends ModuleBuilder>(
  builder: Builder,
  database: ReplacingDatabase,
  name: string = defaultConnection,
): Builder {
  let isUsed = false;
  const factory = (container: Container): Promise<DataSource> => {
    isUsed = true;
    return database.withEntities(entitiesIn(container, name));
  };
  builder.overrideProvider(getDataSourceToken(name)).useFactory({ factory, inject: [ModuleRef] });
  type App = Awaited<ReturnType<Builder['compile']>>;
  const compile = builder.compile.bind(builder) as (...options: unknown[]) => Promise<App>;
  return Object.assign(builder, {
    compile: async (...options: unknown[]): Promise<App> => {
      const app = await compile(...options);
      if (isUsed) return app;
      await app.close();
      throw unknownDataSource(name);
    },
  });
}

/** What the modules of the app name in `TypeOrmModule.forFeature`, as `autoLoadEntities` adds it. */
function entitiesIn(container: Container, name: string): readonly EntityClass[] {
  const tokens = new Set<InjectionToken>(modulesOf(container).flatMap(({ providers }) => [...providers.keys()]));
  return getMetadataArgsStorage().tables.flatMap(({ target }) =>
    typeof target === 'function' && tokens.has(getRepositoryToken(target as EntityClass, name) as InjectionToken)
      ? [target as EntityClass]
      : [],
  );
}

function unknownDataSource(name: string): MigrateError {
  const which = name === defaultConnection ? 'no data source without a name' : `no data source "${name}"`;
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `overrideDataSource has replaced nothing: the modules of the test have ${which}. The app was closed again.`,
    next: 'Name the data source as TypeOrmModule and MigrationsModule do: overrideDataSource(builder, database, name). Nothing is replaced in a module that imports neither.',
    exitCode: ExitCode.usage,
  });
}
