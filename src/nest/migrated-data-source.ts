import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { bootstrap } from './bootstrap.js';
import { tellAll } from './event-log.js';
import { createInstantiate } from './instantiate.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { defaultConnection } from './migrations.constants.js';

/**
 * For an app that keeps its own `TypeOrmModule.forRootAsync`: migrates inside its data source factory, so that nothing sees an unmigrated
 * database, in whatever order modules are imported. `MigrationsModule.forRoot({ onBootstrap: 'off' })` beside it adds `MigrationsService`.
 * Here migrations can have repositories and the entity manager injected; for other providers use `MigrationsModule.forRoot({ dataSource })`.
 *
 * @example
 * TypeOrmModule.forRootAsync({
 *   useFactory: (config: ConfigService) => ({ type: 'postgres', url: config.get('DATABASE_URL'), migrations: ['dist/migrations/*.js'] }),
 *   inject: [ConfigService],
 *   dataSourceFactory: migratedDataSource({ onBootstrap: 'run' }),
 * })
 */
export function migratedDataSource(
  options: Omit<MigrationsOptions, 'dataSource'> = {},
): (typeOrmOptions?: DataSourceOptions) => Promise<DataSource> {
  const onEvent = tellAll(options.onEvent ? [options.onEvent] : []);
  return async (typeOrmOptions) => {
    try {
      if (typeOrmOptions === undefined) throw withoutOptions();
      const { name = defaultConnection } = typeOrmOptions as { readonly name?: string };
      const instantiate = createInstantiate(undefined, name);
      return await bootstrap({ dataSource: new DataSource(typeOrmOptions), options, onEvent, instantiate });
    } catch (error) {
      throw notRetried(error);
    }
  };
}

function withoutOptions(): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: 'migratedDataSource() got no options from TypeOrmModule.',
    next: 'Use it as dataSourceFactory of TypeOrmModule.forRootAsync.',
    exitCode: ExitCode.usage,
  });
}

/**
 * @nestjs/typeorm takes every failure of a factory for a server that does not answer yet, and repeats it ten times; its `toRetry` option
 * cannot be reached from a factory. Between two attempts it logs the stack of the failure: one that throws itself there ends that.
 */
function notRetried(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { stack } = error;
  Object.defineProperty(error, 'stack', {
    configurable: true,
    get: () => {
      if (!new Error('Who asks?').stack?.includes('typeorm.utils')) return stack;
      Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
      throw error;
    },
  });
  return error;
}
