export { createMigrator } from './migrator.js';
export type { Migrator, MigratorOptions } from './migrator.js';
export { defineDataSource } from './data-source/define.js';
export type { DefineDataSourceOptions } from './data-source/define-options.js';
export type { EmbeddedOptions } from './data-source/embedded.js';
export { ExitCode, isMigrateError, MigrateError } from './errors.js';
export type { DryRunStatement, ErrorCode, ErrorDetails } from './errors.js';
export type {
  Blocker,
  Direction,
  Due,
  EventListener,
  MigrateEvent,
  HowFar,
  ProgressEvent,
  Stage,
  WarningCode,
} from './events.js';
export type { Instantiate, Loads, MigrationClass, Purpose as InstantiatePurpose } from './files/migration.js';
export type { Phase } from './files/phase.js';
export type { LockMode } from './observe/relation.js';
export type { Effect as StatementEffect } from './plan/step.js';
export type { Severity } from './rules/rule.js';
export type { IgnorableKind } from './ignorable.js';
export type { Extensions as EmbeddedExtensions } from './data-source/pglite.js';
export type { Duration } from './duration.js';
export type { ContractPolicy, LintSettings, MigrateSettings, TransactionMode } from './options.js';
export type {
  AppliedMigration,
  CreateOptions,
  CreateResult,
  Enlisted,
  Finished as FinishedMigration,
  ForeignMigration,
  NewerMigration,
  ReadOnlyReason,
  RunningMigration,
  FoundBy,
  PendingMigration,
  RedoOptions,
  RedoResult,
  Resolution,
  ResolveResult,
  RevertedChange,
  RevertOptions,
  RevertResult,
  RunMode,
  RunOptions,
  RunResult,
  StatusChange,
  StatusProblem,
  StatusResult,
  WaitOptions,
  WaitResult,
} from './commands/types.js';
export type { DevOptions, DevResult } from './commands/dev/types.js';
export type { CreateDatabaseResult, DropDatabaseOptions, DropDatabaseResult } from './commands/database.js';
export type { SeedOptions, SeedResult, SkippedSeed } from './commands/seed.js';
export type { Seed, SeedTimes } from './files/seed.js';
export type { FreshOptions, FreshResult, KeptObject } from './commands/fresh.js';
export type { Permission as DropPermission } from './commands/guard.js';
export type { Language } from './files/language.js';
export type {
  CheckFinding,
  CheckOptions,
  CheckResult,
  CheckStep,
  CheckStepName,
  Judged,
} from './commands/check/types.js';
export type { DriftedObject, DriftOptions, DriftResult } from './commands/drift/types.js';
export type {
  Ask,
  BaselineOptions,
  BaselineResult,
  GeneratedStatement,
  GenerateOptions,
  GenerateResult,
} from './commands/generate/types.js';
export type { Finding as LintFinding, FixedMigration, LintOptions, LintResult } from './commands/lint/types.js';
export type {
  PlannedMigration,
  PlannedStatement,
  PlanOptions,
  PlanResult,
  Seconds,
  ServerNow,
  Session as ServerSession,
  TableSize,
  Verdict as PlanVerdict,
} from './commands/plan/types.js';
export { MigrationsModule } from './nest/migrations.module.js';
export { InjectMigrations, MigrationsService } from './nest/migrations.service.js';
export { MigrationsHealthIndicator } from './nest/migrations.health.js';
export type { MigrationsHealth, MigrationsHealthState } from './nest/migrations.health.js';
export { migrated } from './nest/migrated.js';
export type { MigratedOptions } from './nest/migrated.js';
export { getMigrationsToken } from './nest/migrations.constants.js';
export type {
  MigrationsModuleAsyncOptions,
  MigrationsModuleOptions,
  MigrationsOptions,
  MigrationsOptionsFactory,
  OnBootstrap,
} from './nest/interfaces/migrations-options.interface.js';
export { backfill } from './database/backfill.js';
export type { BackfillOptions } from './database/backfill.js';
export { Backfill, RenamedFrom } from './decorators.js';
