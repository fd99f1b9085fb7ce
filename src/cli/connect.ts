import type { DataSource } from 'typeorm';
import { showAddress } from '../data-source/address.js';
import { showConnection } from '../data-source/describe.js';
import { loadPg } from '../data-source/load-pg.js';
import { isMigrateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { Migrator } from '../migrator.js';
import type { MigrateSettings } from '../options.js';
import { settingsFromFlags } from './flags.js';
import type { GlobalFlags } from './flags.js';
import type { Io, Source } from './io.js';
import { progressPrinter } from './progress.js';
import { readProject } from './project.js';
import type { Project } from './project.js';

/** Provides a migrator for the project's data source. */
export async function withMigrator<T>(
  io: Io,
  flags: GlobalFlags,
  work: (migrator: Migrator) => Promise<T>,
): Promise<T> {
  const project = readProject(process.cwd(), flags);
  io.stage('loading the data source');
  const source = io.inApp ? io.inApp(flags.connection) : await load(project, flags, io);
  const { createMigrator } = await import('../migrator.js');
  const { settings } = project;
  const flagged = settingsFromFlags(flags);
  const migrator = createMigrator({
    dataSource: source.dataSource,
    settings: {
      ...settings,
      ...source.settings,
      ...flagged,
      // If the address is known to be wrong, no server will start there.
      ...connectSettings(
        source.notLoaded === undefined ? {} : { connect: { timeout: '1s' } },
        settings,
        source.settings,
        flagged,
      ),
      ...addressedByEnvironment(source.dataSource),
    },
    onEvent: progressPrinter(io),
    signal: io.signal,
    ...(source.instantiate && { instantiate: source.instantiate }),
    ...(source.loads && { loads: source.loads }),
  });
  try {
    return await work(migrator);
  } catch (error) {
    throw withHint(error, source);
  } finally {
    await migrator.close();
    await source.close?.();
  }
}

const ofAddress: ReadonlySet<ErrorCode> = new Set(['CONNECTION_FAILED', 'AUTHENTICATION_FAILED', 'DATABASE_MISSING']);

/** The address is wrong because of an environment file that was not loaded. */
function withHint(error: unknown, { notLoaded }: Source): unknown {
  if (notLoaded === undefined || !isMigrateError(error) || !ofAddress.has(error.code)) return error;
  return error.with({ next: `${notLoaded}\n${error.next}` });
}

/** An address for migrations in the environment overrides the general setting. */
function addressedByEnvironment(dataSource: DataSource): Pick<MigrateSettings, 'directUrl'> {
  const address = process.env['NEST_MIGRATE_DATABASE_URL']?.trim();
  return address && showAddress(address) === showConnection(dataSource) ? { directUrl: undefined } : {};
}

/** Loads everything else only now, because `pg` is loaded in a way of its own. */
async function load(project: Project, flags: GlobalFlags, io: Io): Promise<Source> {
  await loadPg();
  const { loadSource } = await import('./source.js');
  return loadSource(project, flags, io);
}

function connectSettings(...all: readonly MigrateSettings[]): Pick<MigrateSettings, 'connect'> {
  const connect = Object.assign({}, ...all.map((settings) => settings.connect)) as NonNullable<
    MigrateSettings['connect']
  >;
  return Object.keys(connect).length > 0 ? { connect } : {};
}
