import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type {
  MigrationsModuleAsyncOptions,
  MigrationsModuleOptions,
  MigrationsOptions,
} from './interfaces/migrations-options.interface.js';
import { asyncOptions } from './async-options.js';
import { defaultConnection, getMigrationsOptionsToken } from './migrations.constants.js';
import { exported, servicesOf } from './migrations.providers.js';
import { typeOrmModule } from './registered-data-source.js';
import type { Registration } from './registered-data-source.js';

/** Provides the options of one connection, so that TypeORM's module can inject them too. */
@Module({})
class MigrationsOptionsModule {}

/**
 * Migrates the database before anything in the app sees it.
 *
 * With `dataSource`, it registers TypeORM itself, and migrates inside the factory of the data source: no constructor with a repository and
 * no `onModuleInit` ever meets an unmigrated database, in whatever order modules are imported.
 *
 * Without `dataSource`, it uses the existing `TypeOrmModule.forRoot`. The database is then migrated before any `onModuleInit`, but
 * TypeORM connects earlier: a constructor or an asynchronous provider that queries the database may be faster than the migrations, and
 * `synchronize: true` is refused only after it has run. `TypeOrmModule.forRootAsync(migrated({ … }))` has no such limits.
 *
 * @example
 * @Module({ imports: [MigrationsModule.forRoot({ dataSource }), UsersModule] })
 * export class AppModule {}
 */
@Module({})
export class MigrationsModule {
  static forRoot(options: MigrationsModuleOptions = {}): DynamicModule {
    const { name = defaultConnection, imports = [], isGlobal = true, ...rest } = options;
    const providers = [
      { provide: getMigrationsOptionsToken(name), useFactory: () => rest },
      { provide: identity, useValue: identityOf(rest) },
    ];
    const registers = options.dataSource !== undefined;
    return assemble({ name, imports: [...imports], isGlobal, providers, registers });
  }

  static forRootAsync(options: MigrationsModuleAsyncOptions): DynamicModule {
    const { name = defaultConnection, imports = [], isGlobal = true, existingConnection = false } = options;
    const providers = asyncOptions(options, name);
    return assemble({ name, imports: [...imports], isGlobal, providers, registers: !existingConnection });
  }
}

const identity = Symbol('what distinguishes these options from others');
const dataSources = new WeakMap<object, number>();
let known = 0;

/**
 * Nest 10 identifies a module by its serialized content, and so would serialize all that a data source refers to: hundreds of milliseconds
 * and a warning at each start.
 */
function identityOf({ dataSource, ...others }: MigrationsOptions): object {
  if (dataSource === undefined) return others;
  const number = dataSources.get(dataSource) ?? ++known;
  dataSources.set(dataSource, number);
  return { ...others, dataSource: number };
}

interface Parts extends Registration {
  readonly isGlobal: boolean;
  readonly providers: NonNullable<DynamicModule['providers']>;
  readonly registers: boolean;
}

function assemble({ name, imports, isGlobal, providers, registers }: Parts): DynamicModule {
  const options: DynamicModule = {
    module: MigrationsOptionsModule,
    imports,
    providers,
    exports: [getMigrationsOptionsToken(name)],
  };
  const visible = [...imports, options];
  const services = servicesOf(name, registers ? 'registered' : 'joined');
  return {
    module: MigrationsModule,
    global: isGlobal,
    imports: [...visible, ...(registers ? [typeOrmModule({ name, imports: visible })] : [])],
    providers: services,
    exports: exported(services),
  };
}
