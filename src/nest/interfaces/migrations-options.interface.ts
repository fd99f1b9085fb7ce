import type { DynamicModule, ForwardReference, InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EventListener } from '../../events.js';
import type { Duration } from '../../duration.js';
import type { MigrateSettings } from '../../options.js';

/** What the app does with its migrations when it starts. */
export type OnBootstrap = 'run' | 'dev' | 'revert' | 'check' | 'wait' | 'off';

/** The options of one connection: the settings, and what the app does when it starts. */
export interface MigrationsOptions extends MigrateSettings {
  /**
   * The data source that `data-source.ts` exports. With it, the module registers TypeORM itself, and nothing in the app ever sees a
   * database that is not migrated. Without it, the module uses the existing `TypeOrmModule.forRoot`.
   */
  readonly dataSource?: DataSource | Promise<DataSource> | (() => DataSource | Promise<DataSource>);
  /**
   * `run` runs pending migrations; `dev` makes a development database follow the entities, as `nest-migrate dev` does; `revert` reverts to the
   * migration `to`; `check` refuses to start while a migration is pending; `wait` waits until another process has run them; `off` does
   * nothing. The environment variable NEST_MIGRATE_ON_BOOTSTRAP overrides it.
   * @default 'run'
   */
  readonly onBootstrap?: OnBootstrap;
  /** The last migration to run, or the one to go back to: its name, its timestamp, or an unambiguous part of its name. */
  readonly to?: string;
  /**
   * How long `wait` waits. 0 means forever.
   * @default 0
   */
  readonly waitTimeout?: Duration;
  /** Receives every event, in addition to the Nest logger. */
  readonly onEvent?: EventListener;
  /**
   * The providers that migrations may use even if they are only tried: when `generate`, `check`, `lint` and `plan` replay them, and in a
   * dry run. Such a migration gets everything that belongs to its database (repositories, the `EntityManager`, services that depend on
   * them) and the `ConfigService`. Any other provider is replaced by a stand-in that fails when it is used, so that no mail is sent and no
   * other service is called.
   *
   * @default []
   */
  readonly replayProviders?: readonly InjectionToken[];
}

type Imports = readonly (Type | DynamicModule | Promise<DynamicModule> | ForwardReference)[];

interface Registration {
  /** The name of the connection. */
  readonly name?: string;
  /** The modules that provide what migrations, or the factory of the options, inject. */
  readonly imports?: Imports;
  /**
   * Whether `MigrationsService` can be injected everywhere, as TypeORM's DataSource can.
   * @default true
   */
  readonly isGlobal?: boolean;
}

/** Options of `MigrationsModule.forRoot`. */
export interface MigrationsModuleOptions extends MigrationsOptions, Registration {}

/** A class that creates the options, for `useClass` and `useExisting`. */
export interface MigrationsOptionsFactory {
  createMigrationsOptions(): MigrationsOptions | Promise<MigrationsOptions>;
}

interface AsyncRegistration extends Registration {
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[];
  /**
   * Whether a `TypeOrmModule.forRoot` elsewhere registers the connection; the options then need no `dataSource`.
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

/** Options of `MigrationsModule.forRootAsync`: one of `useFactory`, `useClass` and `useExisting`. */
export type MigrationsModuleAsyncOptions = AsyncRegistration & OneOf<Makes>;
