import type { DynamicModule, ForwardReference, InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EventListener } from '../../events.js';
import type { MigrateSettings } from '../../options.js';

/** What the app does with migrations when it starts. */
export type OnBootstrap = 'run' | 'revert' | 'check' | 'wait' | 'off';

export interface MigrationsOptions extends MigrateSettings {
  /**
   * The data source that `data-source.ts` exports. With it the module registers TypeORM by itself, and nothing in the app ever sees a
   * database that is not migrated. Without it, the module joins the `TypeOrmModule.forRoot` that is there already.
   */
  readonly dataSource?: DataSource | (() => DataSource | Promise<DataSource>);
  /**
   * `run` what is pending; `revert` to the migration `to`; `check` and refuse to start while something is pending; `wait` until
   * another process has run it; `off`. The environment variable NEST_MIGRATE_ON_BOOTSTRAP overrides it.
   * @default 'run'
   */
  readonly onBootstrap?: OnBootstrap;
  /** The last migration to run, or the one to go back to. */
  readonly to?: string;
  /**
   * How long `wait` waits. 0 is for ever.
   * @default 0
   */
  readonly waitTimeout?: number | string;
  /** Hears everything that happens, beside the Nest logger. */
  readonly onEvent?: EventListener;
}

type Imports = readonly (Type | DynamicModule | Promise<DynamicModule> | ForwardReference)[];

export interface MigrationsModuleOptions extends MigrationsOptions {
  /** The name of the connection. */
  readonly name?: string;
  /** The modules that provide what migrations have in their constructors. */
  readonly imports?: Imports;
}

export interface MigrationsOptionsFactory {
  createMigrationsOptions(): MigrationsOptions | Promise<MigrationsOptions>;
}

export interface MigrationsModuleAsyncOptions {
  readonly name?: string;
  readonly imports?: Imports;
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory?: (...dependencies: never[]) => MigrationsOptions | Promise<MigrationsOptions>;
  readonly useClass?: Type<MigrationsOptionsFactory>;
  readonly useExisting?: Type<MigrationsOptionsFactory>;
  /** True when the connection is registered by a `TypeOrmModule.forRoot` elsewhere; then no `dataSource` is expected. */
  readonly existingConnection?: boolean;
}
