export { createMigrator } from './migrator.js';
export type { Migrator, MigratorOptions } from './migrator.js';
export { defineDataSource } from './data-source/define.js';
export type { DefineDataSourceOptions } from './data-source/define-options.js';
export { MigrateError, isMigrateError } from './errors.js';
export type { ErrorCode } from './errors.js';
export type { Blocker, Direction, Due, EventListener, MigrateEvent } from './events.js';
export type { ContractPolicy, Duration, LintSettings, MigrateSettings, TransactionMode } from './options.js';
export type * from './commands/contract.js';
export type * from './commands/check/contract.js';
export type * from './commands/drift/contract.js';
export type * from './commands/lint/contract.js';
export type * from './commands/plan/contract.js';
export { MigrationsModule } from './nest/migrations.module.js';
export { InjectMigrations, MigrationsService } from './nest/migrations.service.js';
export { MigrationsHealthIndicator } from './nest/migrations.health.js';
export { migrated } from './nest/migrated.js';
export { getMigrationsToken } from './nest/migrations.constants.js';
export type {
  MigrationsModuleAsyncOptions,
  MigrationsModuleOptions,
  MigrationsOptions,
  MigrationsOptionsFactory,
  OnBootstrap,
} from './nest/interfaces/migrations-options.interface.js';
export { Backfill, RenamedFrom } from './decorators.js';
