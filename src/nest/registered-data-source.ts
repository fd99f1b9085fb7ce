import type { DynamicModule, InjectionToken } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { withoutPasswordsIn } from '../passwords.js';
import { carrying, migrating } from './carried.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { getMigrationsOptionsToken } from './migrations.constants.js';
import { modulesOf } from './module-graph.js';
import type { Container } from './module-graph.js';

export interface Registration {
  readonly name: string;
  /** The modules that provide the options and the dependencies of migrations. */
  readonly imports: NonNullable<DynamicModule['imports']>;
}

/** TypeORM's own module, so that `forFeature` works, with a factory that migrates the data source before it returns it. */
export function typeOrmModule({ name, imports }: Registration): DynamicModule {
  return TypeOrmModule.forRootAsync({
    name,
    imports,
    inject: [getMigrationsOptionsToken(name), ModuleRef],
    useFactory: (options: MigrationsOptions, container: ModuleRef) => {
      refuseSecond(name, container);
      return carrying({ type: 'postgres', autoLoadEntities: true }, { options, container });
    },
    dataSourceFactory: migrating(name, async (options, { entities }) => {
      const dataSource = await dataSourceOf(options);
      addEntities(dataSource, entities);
      return dataSource;
    }),
  });
}

/** Only one of the two would be migrated, and a provider that injects the DataSource would get the one or the other. */
function refuseSecond(name: string, container: ModuleRef): void {
  const token = getDataSourceToken(name) as InjectionToken;
  const connecting = modulesOf(container as unknown as Container).filter(
    ({ metatype, providers }) => nameOf(metatype) === 'TypeOrmCoreModule' && providers.has(token),
  );
  if (connecting.length < 2) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The app has two connections named "${name}": that of MigrationsModule, and one of TypeOrmModule.forRoot. The database was not touched.`,
    next: 'Remove TypeOrmModule.forRoot, and put its options into the data source (TypeOrmModule.forFeature stays). Or keep it, and join it: MigrationsModule.forRoot() without dataSource.',
    exitCode: ExitCode.usage,
  });
}

async function dataSourceOf({ dataSource }: MigrationsOptions): Promise<DataSource> {
  if (dataSource !== undefined) {
    try {
      return await (typeof dataSource === 'function' ? dataSource() : dataSource);
    } catch (error) {
      // Nest prints every property of the error.
      throw withoutPasswordsIn(error);
    }
  }
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: 'MigrationsModule.forRootAsync received options without a dataSource.',
    next: 'Return { dataSource } from its factory; or, if TypeOrmModule.forRoot is elsewhere in the app, set existingConnection: true.',
    exitCode: ExitCode.usage,
  });
}

/** Adds the entities of `TypeOrmModule.forFeature` to the data source. */
function addEntities(dataSource: DataSource, more: DataSourceOptions['entities']): void {
  const all: unknown[] = [...Object.values(dataSource.options.entities ?? []), ...Object.values(more ?? [])];
  Object.assign(dataSource.options, { entities: [...new Set(all)] });
}

function nameOf(metatype: unknown): string | undefined {
  return typeof metatype === 'function' ? metatype.name : undefined;
}
