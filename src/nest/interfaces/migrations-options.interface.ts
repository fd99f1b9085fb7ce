import type { DynamicModule, ForwardReference, InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EventListener } from '../../events.js';
import type { Duration } from '../../duration.js';
import type { MigrateSettings } from '../../options.js';

/** What the app does with migrations when it starts. */
export type OnBootstrap = 'run' | 'dev' | 'revert' | 'check' | 'wait' | 'off';

/** What a connection is migrated with: its settings, and what the app does when it starts. */
export interface MigrationsOptions extends MigrateSettings {
  /**
   * The data source that `data-source.ts` exports. With it the module registers TypeORM by itself, and nothing in the app ever sees a
   * database that is not migrated. Without it, the module joins the `TypeOrmModule.forRoot` that is there already.
   */
  readonly dataSource?: DataSource | Promise<DataSource> | (() => DataSource | Promise<DataSource>);
  /**
   * `run` what is pending; `dev` lets the database of a developer follow the entities, as `nest-migrate dev` does; `revert` to the migration `to`; `check` and refuse to start while something is pending; `wait` until
   * another process has run it; `off`. The environment variable NEST_MIGRATE_ON_BOOTSTRAP overrides it.
   * @default 'run'
   */
  readonly onBootstrap?: OnBootstrap;
  /** The last migration to run, or the one to go back to: its name, its timestamp, or an unambiguous part of its name. */
  readonly to?: string;
  /**
   * How long `wait` waits. 0 is forever.
   * @default 0
   */
  readonly waitTimeout?: Duration;
  /** Hears everything that happens, beside the Nest logger. */
  readonly onEvent?: EventListener;
  /**
   * The providers that migrations may call also where they are only tried out: when `generate`, `check`, `lint` and `plan` replay them,
   * and in a dry run. There, a migration gets what belongs to the database that it is tried on (repositories, the `EntityManager`, services
   * built on them) and the `ConfigService`. In place of any other provider it gets a stand-in that fails when it is used, so that no mail
   * is sent and no other service is called.
   *
   * @default []
   */
  readonly replayProviders?: readonly InjectionToken[];
}

type Imports = readonly (Type | DynamicModule | Promise<DynamicModule> | ForwardReference)[];

interface Registration {
  /** The name of the connection. */
  readonly name?: string;
  /** The modules that provide what migrations, or the factory of the options, want to have injected. */
  readonly imports?: Imports;
  /**
   * Whether `MigrationsService` can be injected everywhere, as TypeORM's DataSource can.
   * @default true
   */
  readonly isGlobal?: boolean;
}

/** What `MigrationsModule.forRoot` takes. */
export interface MigrationsModuleOptions extends MigrationsOptions, Registration {}

/** A class that makes the options, for `useClass` and `useExisting`. */
export interface MigrationsOptionsFactory {
  createMigrationsOptions(): MigrationsOptions | Promise<MigrationsOptions>;
}

interface AsyncRegistration extends Registration {
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[];
  /**
   * True when a `TypeOrmModule.forRoot` elsewhere registers the connection; then no `dataSource` is expected.
   * @default false
   */
  readonly existingConnection?: boolean;
}

interface Makes {
  readonly useFactory: (...dependencies: never[]) => MigrationsOptions | Promise<MigrationsOptions>;
  readonly useClass: Type<MigrationsOptionsFactory>;
  readonly useExisting: Type<MigrationsOptionsFactory>;
}

type OneOf<T> = { [K in keyof T]: Pick<T, K> & { readonly [Other in Exclude<keyof T, K>]?: undefined } }[keyof T];

/** What `MigrationsModule.forRootAsync` takes: one of `useFactory`, `useClass` and `useExisting`. */
export type MigrationsModuleAsyncOptions = AsyncRegistration & OneOf<Makes>;
