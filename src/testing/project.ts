import type { DataSource } from 'typeorm';
import { refuseStaleBuild } from '../commands/built.js';
import type { PostgresOptions } from '../data-source/define-options.js';
import { asDataSource } from '../data-source/elsewhere.js';
import { refuseOtherDatabases } from '../data-source/guard.js';
import type { Extensions } from '../data-source/pglite.js';
import { settingsOf } from '../data-source/settings.js';
import { ExitCode, MigrateError } from '../errors.js';
import { listMigrations } from '../files/list-migrations.js';
import type { Instantiate, KnownMigration } from '../files/migration.js';
import { resolveMigrations } from '../files/resolve.js';
import { resolveSettings } from '../options.js';
import type { MigrateSettings, ResolvedSettings } from '../options.js';
import type { Project } from '../snapshot/project.js';

/** Options of `createTestDatabase`. */
export interface TestDatabaseOptions {
  /**
   * The PostgreSQL server on which to create the database: its address, or `true` for the server of the data source. The role needs CREATEDB. By
   * default, PostgreSQL runs in the process.
   */
  readonly server?: string | true;
  /**
   * Inserts the rows with which every test starts: `true` for the project's own seeds, the path of an `.sql` file, relative to
   * `process.cwd()`, or a function. Seeds and files are cached with the migrated database; a function is called for each new database,
   * since its dependencies cannot be known.
   */
  readonly seed?: true | string | ((dataSource: DataSource) => Promise<unknown>);
  /** Extensions that PGlite ships as separate packages, as in `embedded: { extensions }` of `defineDataSource`. */
  readonly extensions?: () => Promise<Extensions>;
  /** Instantiates migrations whose constructors have dependencies. */
  readonly instantiate?: Instantiate;
}

/** The project whose databases are created. */
export interface TestProject extends Project {
  readonly given: MigrateSettings;
  readonly settings: ResolvedSettings;
  readonly instantiate: Instantiate;
  readonly server: string | true | undefined;
  readonly seed: TestDatabaseOptions['seed'];
  readonly extensions: (() => Promise<Extensions>) | undefined;
  /** The migrations to run in a database; all of them by default. */
  readonly only?: readonly KnownMigration[];
}

export function projectOf(
  given: DataSource | PostgresOptions,
  { server, seed, extensions, instantiate = refuseDependencies }: TestDatabaseOptions,
): TestProject {
  const dataSource = asDataSource(given);
  refuseOtherDatabases(dataSource.options, 'The data source');
  const settings = settingsOf(dataSource);
  return {
    dataSource,
    given: settings,
    settings: resolveSettings(settings),
    migrations: dataSource.options.migrations,
    loads: 'javascript',
    instantiate,
    server,
    seed,
    extensions,
  };
}

export async function migrationsOf(project: TestProject): Promise<readonly KnownMigration[]> {
  const list = await listMigrations(project);
  // A test on an older schema would say nothing about the migrations that are not compiled.
  refuseStaleBuild(list, { isApplied: () => false });
  const migrations = await resolveMigrations(list);
  if (migrations.length > 0) return migrations;
  throw new MigrateError({
    code: 'MIGRATIONS_NOT_FOUND',
    message:
      'The data source has no migrations, so a test database would have no tables. No test database was created.',
    next: 'Write the first migration: npx nest-migrate generate. If there are migrations, correct `migrations` of the data source.',
    exitCode: ExitCode.usage,
  });
}

const refuseDependencies: Instantiate = ({ name }) => {
  throw new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `The constructor of migration ${name} has dependencies, but a test database is created without the app that provides them.`,
    next: 'Create it in the test: createTestDatabase(dataSource, { instantiate: async (Migration) => Reflect.construct(Migration, […]) })',
    migration: name,
  });
};
