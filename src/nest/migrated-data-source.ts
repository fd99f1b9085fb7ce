import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { MigrateError } from '../errors.js';
import type { Instantiate } from '../files/migration.js';
import { bootstrap } from './bootstrap.js';
import { logEvents } from './event-log.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';

/**
 * For an app that keeps its own `TypeOrmModule.forRootAsync`: migrates inside its data source factory, so that nothing sees an unmigrated
 * database, in whatever order modules are imported.
 *
 * @example
 * TypeOrmModule.forRootAsync({
 *   useFactory: (config: ConfigService) => ({ type: 'postgres', url: config.get('DATABASE_URL'), migrations: ['dist/migrations/*.js'] }),
 *   inject: [ConfigService],
 *   dataSourceFactory: migratedDataSource({ onBootstrap: 'run' }),
 * })
 */
export function migratedDataSource(options: Omit<MigrationsOptions, 'dataSource'> = {}): (typeOrmOptions?: DataSourceOptions) => Promise<DataSource> {
  const log = logEvents(new Logger('MigrationsModule'));
  return async (typeOrmOptions) => {
    if (typeOrmOptions === undefined) throw new MigrateError({ code: 'OPTIONS_INVALID', message: 'TypeOrmModule passed no options.', next: 'Use it as dataSourceFactory of TypeOrmModule.forRootAsync.' });
    const onEvent: typeof log = (event) => {
      log(event);
      options.onEvent?.(event);
    };
    return bootstrap({ dataSource: new DataSource(typeOrmOptions), options, onEvent, instantiate: withoutContainer });
  };
}

const withoutContainer: Instantiate = (migrationClass) =>
  Promise.reject(
    new MigrateError({
      code: 'MIGRATION_DEPENDENCY',
      message: `Migration ${migrationClass.name} wants dependencies in its constructor, which migratedDataSource() cannot provide.`,
      next: 'Use MigrationsModule.forRoot({ dataSource, imports: [TheModule] }) instead.',
      migration: migrationClass.name,
    }),
  );
