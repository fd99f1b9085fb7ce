import type { FactoryProvider, InjectionToken, Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import type { Instantiate } from '../files/migration.js';
import { bootstrap } from './bootstrap.js';
import { tellAll } from './event-log.js';
import { createInstantiate } from './instantiate.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import {
  defaultConnection,
  getBootstrapToken,
  getInstantiateToken,
  getMigrationsOptionsToken,
  getMigrationsToken,
} from './migrations.constants.js';
import { MigrationsHealthIndicator } from './migrations.health.js';
import { MigrationsService } from './migrations.service.js';

type Named = Exclude<Provider, new (...dependencies: never[]) => unknown> & { readonly provide: InjectionToken };

/** The services for one connection. If another module has registered the connection, they include the migration at the start of the app. */
export function servicesOf(name: string, connection: 'registered' | 'joined'): Named[] {
  const service = getMigrationsToken(name);
  const providers: Named[] = [
    {
      provide: getInstantiateToken(name),
      inject: [ModuleRef, getMigrationsOptionsToken(name)],
      useFactory: (container: ModuleRef, { replayProviders }: MigrationsOptions) =>
        createInstantiate(container, name, replayProviders),
    },
    connection === 'joined'
      ? joinedBootstrap(name)
      : { provide: getBootstrapToken(name), useExisting: getDataSourceToken(name) },
    {
      provide: service,
      inject: [getBootstrapToken(name), getMigrationsOptionsToken(name), getInstantiateToken(name)],
      useFactory: (dataSource: DataSource, options: MigrationsOptions, instantiate: Instantiate) =>
        new MigrationsService(dataSource, options, instantiate),
    },
  ];
  return name === defaultConnection ? [...providers, ...unnamed(service)] : providers;
}

export function exported(services: readonly Named[]): InjectionToken[] {
  return services.map(({ provide }) => provide);
}

/** Services that can be injected by class, like TypeORM's DataSource. */
function unnamed(service: InjectionToken): Named[] {
  return [
    { provide: MigrationsService, useExisting: service },
    {
      provide: MigrationsHealthIndicator,
      inject: [service],
      useFactory: (migrations: MigrationsService) => new MigrationsHealthIndicator(migrations),
    },
  ];
}

function joinedBootstrap(name: string): FactoryProvider {
  const token = getDataSourceToken(name) as InjectionToken;
  return {
    provide: getBootstrapToken(name),
    inject: [{ token, optional: true }, getMigrationsOptionsToken(name), getInstantiateToken(name)],
    useFactory: async (dataSource: DataSource | undefined, options: MigrationsOptions, instantiate: Instantiate) => {
      if (dataSource === undefined || options.dataSource !== undefined) throw wronglyJoined(name, options);
      const onEvent = tellAll(options.onEvent ? [options.onEvent] : []);
      return bootstrap({ dataSource, options, onEvent, instantiate });
    },
  };
}

function wronglyJoined(name: string, { dataSource }: MigrationsOptions): MigrateError {
  const which = name === defaultConnection ? 'no TypeORM connection' : `no TypeORM connection "${name}"`;
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message:
      dataSource === undefined
        ? `MigrationsModule received no dataSource, and the app has ${which} that it could use.`
        : 'MigrationsModule.forRootAsync received a dataSource, although existingConnection: true says that another module registers it.',
    next:
      dataSource === undefined
        ? 'MigrationsModule.forRoot({ dataSource }), or import TypeOrmModule.forRoot as well.'
        : 'Remove one of the two.',
    exitCode: ExitCode.usage,
  });
}
