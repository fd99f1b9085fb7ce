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

/** The database that replaces the app's own. */
export interface ReplacingDatabase {
  /** Returns the data source with these entities added. */
  withEntities(entities: readonly EntityClass[]): Promise<DataSource>;
}

/** The part of `TestingModuleBuilder` of @nestjs/testing that is used. */
export interface ModuleBuilder {
  overrideProvider(token: unknown): {
    useFactory(options: { factory: (container: never) => unknown; inject: unknown[] }): unknown;
  };
  compile(...options: never[]): Promise<{ close(): Promise<unknown> }>;
}

/**
 * Replaces the data source of an app with a test database; the app does not connect to its own database. `MigrationsModule` finds
 * nothing pending there. Closing the app leaves the database open, so that the next test can boot another app. `name` is the name of the data
 * source in `TypeOrmModule` and `MigrationsModule`, if it has one.
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

/** The entities in `TypeOrmModule.forFeature` of the app's modules, which `autoLoadEntities` would add. */
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
    message: `overrideDataSource replaced nothing: the modules of the test have ${which}. The app was closed again.`,
    next: 'Use the same name as in TypeOrmModule and MigrationsModule: overrideDataSource(builder, database, name). Nothing is replaced in a module that imports neither.',
    exitCode: ExitCode.usage,
  });
}
