import { Logger, Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import type { EventListener } from '../events.js';
import { bootstrap } from './bootstrap.js';
import { logEvents } from './event-log.js';
import { createInstantiate } from './instantiate.js';
import type {
  MigrationsModuleAsyncOptions,
  MigrationsModuleOptions,
  MigrationsOptions,
  MigrationsOptionsFactory,
} from './interfaces/migrations-options.interface.js';
import { defaultConnection, getBootstrapToken, getMigrationsOptionsToken, getMigrationsToken } from './migrations.constants.js';
import { MigrationsHealthIndicator } from './migrations.health.js';
import { MigrationsService } from './migrations.service.js';

/** How options and container reach the factory of the data source, which gets nothing but TypeORM's options. */
const carried = Symbol.for('nest-migrate.carried');

interface Carried {
  readonly options: MigrationsOptions;
  readonly container: ModuleRef;
}

interface Parts {
  readonly name: string;
  readonly imports: NonNullable<DynamicModule['imports']>;
  readonly options: readonly Provider[];
  readonly registers: boolean;
}

/** Holds the options of one connection, where TypeORM's module can see them too. */
@Module({})
class MigrationsOptionsModule {}

/**
 * Migrates the database before anything in the app sees it.
 *
 * @example
 * @Module({ imports: [MigrationsModule.forRoot({ dataSource }), UsersModule] })
 * export class AppModule {}
 */
@Module({})
export class MigrationsModule {
  static forRoot(options: MigrationsModuleOptions = {}): DynamicModule {
    const { name = defaultConnection, imports = [], ...rest } = options;
    const provider = { provide: getMigrationsOptionsToken(name), useValue: rest };
    return assemble({ name, imports: [...imports], options: [provider], registers: options.dataSource !== undefined });
  }

  static forRootAsync(options: MigrationsModuleAsyncOptions): DynamicModule {
    const { name = defaultConnection, imports = [], existingConnection = false } = options;
    return assemble({ name, imports: [...imports], options: asyncOptions(options, name), registers: !existingConnection });
  }
}

function assemble(parts: Parts): DynamicModule {
  const { name, imports, options, registers } = parts;
  const token = getMigrationsOptionsToken(name);
  const optionsModule: DynamicModule = { module: MigrationsOptionsModule, imports, providers: [...options], exports: [token] };
  const services = servicesOf(name, registers);
  return {
    module: MigrationsModule,
    global: true,
    imports: [...imports, optionsModule, ...(registers ? [typeOrmModule(name, optionsModule, imports)] : [])],
    providers: services,
    exports: services.map((provider) => (provider as { readonly provide: symbol }).provide),
  };
}

/** TypeORM's own module, so that `forFeature` just works, with a factory that migrates before it hands the data source out. */
function typeOrmModule(name: string, optionsModule: DynamicModule, imports: Parts['imports']): DynamicModule {
  return TypeOrmModule.forRootAsync({
    name,
    imports: [...imports, optionsModule],
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
      return bootstrap({ dataSource, options, onEvent: listenersOf(options), instantiate: createInstantiate(container, name) });
    },
  });
}

async function dataSourceOf(options: MigrationsOptions): Promise<DataSource> {
  const { dataSource } = options;
  if (dataSource !== undefined) return typeof dataSource === 'function' ? dataSource() : dataSource;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: 'MigrationsModule.forRootAsync got options without a dataSource.',
    next: 'Return { dataSource } from its factory; or, if TypeOrmModule.forRoot is elsewhere in the app, set existingConnection: true.',
    exitCode: ExitCode.usage,
  });
}

/** The entities of `TypeOrmModule.forFeature`, beside those that the data source knows. */
function addEntities(dataSource: DataSource, more: unknown): void {
  const known = Object.values(dataSource.options.entities ?? []) as unknown[];
  const found = Object.values((more ?? []) as readonly unknown[]);
  Object.assign(dataSource.options, { entities: [...new Set([...known, ...found])] });
}

function servicesOf(name: string, registers: boolean): Provider[] {
  const inject = [getDataSourceToken(name), getMigrationsOptionsToken(name), ModuleRef];
  const serviceToken = getMigrationsToken(name);
  const providers: Provider[] = [
    {
      provide: serviceToken,
      inject,
      useFactory: (dataSource: DataSource, options: MigrationsOptions, container: ModuleRef) =>
        new MigrationsService(dataSource, options, createInstantiate(container, name)),
    },
  ];
  if (!registers) {
    providers.push({
      provide: getBootstrapToken(name),
      inject,
      useFactory: (dataSource: DataSource, options: MigrationsOptions, container: ModuleRef) =>
        bootstrap({ dataSource, options, onEvent: listenersOf(options), instantiate: createInstantiate(container, name) }),
    });
  }
  if (name !== defaultConnection) return providers;
  return [
    ...providers,
    { provide: MigrationsService, useExisting: serviceToken },
    { provide: MigrationsHealthIndicator, inject: [serviceToken], useFactory: (service: MigrationsService) => new MigrationsHealthIndicator(service) },
  ];
}

function listenersOf(options: MigrationsOptions): EventListener {
  const log = logEvents(new Logger('MigrationsModule'));
  return (event) => {
    log(event);
    options.onEvent?.(event);
  };
}

function asyncOptions(options: MigrationsModuleAsyncOptions, name: string): readonly Provider[] {
  const provide = getMigrationsOptionsToken(name);
  if (options.useFactory) {
    return [{ provide, inject: [...(options.inject ?? [])], useFactory: options.useFactory as (...dependencies: unknown[]) => unknown }];
  }
  const factory = options.useClass ?? options.useExisting;
  if (factory === undefined) {
    throw new MigrateError({
      code: 'OPTIONS_INVALID',
      message: 'MigrationsModule.forRootAsync needs one of useFactory, useClass, useExisting.',
      next: 'For example: useFactory: (config: ConfigService) => ({ dataSource, onBootstrap: config.get("MIGRATE") })',
      exitCode: ExitCode.usage,
    });
  }
  return [
    { provide, inject: [factory], useFactory: (made: MigrationsOptionsFactory) => made.createMigrationsOptions() },
    ...(options.useClass ? [{ provide: options.useClass, useClass: options.useClass }] : []),
  ];
}
