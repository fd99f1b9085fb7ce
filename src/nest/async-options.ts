import type { Provider } from '@nestjs/common';
import { ExitCode, MigrateError } from '../errors.js';
import type {
  MigrationsModuleAsyncOptions,
  MigrationsOptions,
  MigrationsOptionsFactory,
} from './interfaces/migrations-options.interface.js';
import { getMigrationsOptionsToken } from './migrations.constants.js';

/** The provider of the options that `forRootAsync` received. */
export function asyncOptions(given: MigrationsModuleAsyncOptions, name: string): Provider[] {
  const provide = getMigrationsOptionsToken(name);
  const { inject = [], useFactory, useClass, useExisting } = given;
  if (useFactory) {
    const make = useFactory as (...dependencies: unknown[]) => MigrationsOptions | Promise<MigrationsOptions>;
    return [{ provide, inject: [...inject], useFactory: make }];
  }
  const factory = useClass ?? useExisting;
  if (factory === undefined) throw nothingGiven();
  const make = (made: MigrationsOptionsFactory): ReturnType<typeof made.createMigrationsOptions> =>
    made.createMigrationsOptions();
  return [{ provide, inject: [factory], useFactory: make }, ...(useClass ? [{ provide: useClass, useClass }] : [])];
}

function nothingGiven(): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: 'MigrationsModule.forRootAsync needs one of useFactory, useClass, useExisting.',
    next: 'For example: useFactory: (config: ConfigService) => ({ dataSource, onBootstrap: config.get("MIGRATE") })',
    exitCode: ExitCode.usage,
  });
}
