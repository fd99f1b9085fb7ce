import type { ModuleRef } from '@nestjs/core';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { bootstrapMade } from './bootstrap.js';
import { tellAll } from './event-log.js';
import { createInstantiate } from './instantiate.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';

/** The key under which options and container travel to the factory of the data source, which receives only TypeORM's options. */
const carried = Symbol.for('nest-migrate.carried');

interface Carried {
  readonly options: MigrationsOptions;
  readonly container: ModuleRef;
}

export function carrying(typeOrm: TypeOrmModuleOptions, load: Carried): TypeOrmModuleOptions {
  // @nestjs/typeorm would treat every failure as a server that does not answer yet. This package waits for such a server itself, and other
  // failures do not go away when the connection is retried.
  const options: TypeOrmModuleOptions & { readonly [carried]: Carried } = {
    ...typeOrm,
    toRetry: () => false,
    [carried]: load,
  };
  return options;
}

type Make = (options: MigrationsOptions, typeOrm: DataSourceOptions) => Promise<DataSource>;

/** A factory that migrates the data source before it returns it. */
export function migrating(name: string, make: Make): (typeOrm?: DataSourceOptions) => Promise<DataSource> {
  return async (given) => {
    const { [carried]: load, ...typeOrm } = given as DataSourceOptions & { readonly [carried]: Carried };
    const { options, container } = load;
    const onEvent = tellAll(options.onEvent ? [options.onEvent] : []);
    const instantiate = createInstantiate(container, name, options.replayProviders);
    return bootstrapMade(() => make(options, typeOrm), { options, onEvent, instantiate });
  };
}
