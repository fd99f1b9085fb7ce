import type { DynamicModule } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { withoutPasswordsIn } from '../passwords.js';
import { bootstrap } from './bootstrap.js';
import { tellAll } from './event-log.js';
import { createInstantiate } from './instantiate.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { getMigrationsOptionsToken } from './migrations.constants.js';

export interface Registration {
  readonly name: string;
  /** Where the options are, and what migrations have in their constructors. */
  readonly imports: NonNullable<DynamicModule['imports']>;
}

/** How options and container reach the factory of the data source, which gets nothing but TypeORM's options. */
const carried = Symbol.for('nest-migrate.carried');

interface Carried {
  readonly options: MigrationsOptions;
  readonly container: ModuleRef;
}

/** TypeORM's own module, so that `forFeature` just works, with a factory that migrates before it hands the data source out. */
export function typeOrmModule({ name, imports }: Registration): DynamicModule {
  return TypeOrmModule.forRootAsync({
    name,
    imports,
    inject: [getMigrationsOptionsToken(name), ModuleRef],
    useFactory: (options: MigrationsOptions, container: ModuleRef) => ({
      type: 'postgres' as const,
      autoLoadEntities: true,
      // We wait for the server ourselves; what goes wrong after that does not go right by trying again.
      toRetry: () => false,
      [carried]: { options, container } satisfies Carried,
    }),
    dataSourceFactory: async (typeOrmOptions) => {
      const { options, container } = (typeOrmOptions as unknown as { readonly [carried]: Carried })[carried];
      const dataSource = await dataSourceOf(options);
      addEntities(dataSource, typeOrmOptions?.entities);
      const onEvent = tellAll(options.onEvent ? [options.onEvent] : []);
      return bootstrap({ dataSource, options, onEvent, instantiate: createInstantiate(container, name) });
    },
  });
}

async function dataSourceOf({ dataSource }: MigrationsOptions): Promise<DataSource> {
  if (dataSource !== undefined) {
    try {
      return await (typeof dataSource === 'function' ? dataSource() : dataSource);
    } catch (error) {
      // Nest prints all that it finds in it.
      throw withoutPasswordsIn(error);
    }
  }
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: 'MigrationsModule.forRootAsync got options without a dataSource.',
    next: 'Return { dataSource } from its factory; or, if TypeOrmModule.forRoot is elsewhere in the app, set existingConnection: true.',
    exitCode: ExitCode.usage,
  });
}

/** The entities of `TypeOrmModule.forFeature`, beside those that the data source knows. */
function addEntities(dataSource: DataSource, more: DataSourceOptions['entities']): void {
  const all: unknown[] = [...Object.values(dataSource.options.entities ?? []), ...Object.values(more ?? [])];
  Object.assign(dataSource.options, { entities: [...new Set(all)] });
}
