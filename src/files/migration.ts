import type { DataSourceOptions, QueryRunner } from 'typeorm';
import type { ResolvedSettings } from '../options.js';
import type { KeptStatement } from './kept-down.js';
import type { Phase } from './phase.js';

/** A migration class of TypeORM. Inside a Nest app, its constructor may have dependencies. */
export type MigrationClass = abstract new (...dependencies: never[]) => object;

/** Whether a migration runs, or is only tried by a replay or a dry run, which must not affect anything but their database. */
export type Purpose = 'run' | 'trial';

/**
 * Instantiates a migration class. The migration will run on the given query runner, so that injected repositories can join its
 * transaction.
 */
export type Instantiate = (
  migrationClass: MigrationClass,
  queryRunner: QueryRunner,
  purpose: Purpose,
) => Promise<object>;

/** A migration ready to run. */
export interface Runnable {
  /** The transaction mode of the class or the file; undefined if it sets none. */
  readonly transaction: boolean | undefined;
  up(queryRunner: QueryRunner): Promise<unknown>;
  /** Undefined if it cannot be reverted. */
  readonly down: ((queryRunner: QueryRunner) => Promise<unknown>) | undefined;
  /** The statements of its down, so that it can be reverted without its file; undefined if they cannot be known without a database. */
  readonly keptDown?: () => Promise<readonly KeptStatement[] | undefined>;
}

/** A migration whose file has been loaded. */
export interface LoadedMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly file: string | undefined;
  /** For .sql files only: the text of a compiled class differs between development and production. */
  readonly checksum: string | undefined;
  readonly phase: Phase;
  /** Whether the migration sets its phase, as generated ones do. */
  readonly marksPhase: boolean;
  /** Whether a generated class is marked as creating objects that no entity describes. */
  readonly byHand: boolean;
  /** The number of migrations in its change; only the last one of a change has it. */
  readonly steps: number | undefined;
  prepare(queryRunner: QueryRunner, instantiate: Instantiate, purpose: Purpose): Promise<Runnable>;
}

/** A migration known by name; its file is loaded only when needed. */
export interface KnownMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly file: string | undefined;
  /** Read from the text if possible; undefined for an applied migration, whose text is not read. */
  readonly phase: Phase | undefined;
  /** The number of migrations in its change; only the last one has it, and only while it is not applied. */
  readonly steps: number | undefined;
  load(): Promise<LoadedMigration>;
}

/** The files that this process can load: a compiled app loads JavaScript, the command also loads TypeScript. */
export type Loads = 'javascript' | 'typescript';

/** The data source whose migrations are listed. */
export interface Listing {
  readonly migrations: DataSourceOptions['migrations'];
  readonly settings: Pick<ResolvedSettings, 'dir' | 'sources'>;
  readonly loads: Loads;
  /** Files to skip. */
  readonly leavesOut?: ((file: string) => boolean) | undefined;
}

/** The migrations that the `migrations` option of a data source names, before any file is loaded. */
export interface MigrationList {
  /** Lists the source rather than its compiled file, if this process can load it. */
  readonly files: readonly ListedFile[];
  /** Compiled files whose source no longer exists; none in production. */
  readonly stale: readonly ListedFile[];
  /** Sources that this process cannot load, and that have not been compiled; none in production. */
  readonly notCompiled: readonly ListedFile[];
  readonly classes: readonly MigrationClass[];
  readonly patterns: readonly string[];
  /** Patterns that match the sources of the files that `patterns` match; none in production. */
  readonly sourcePatterns: readonly string[];
  readonly loads: Loads;
  /** The patterns that matched no file, and the folder each of them looked in. */
  readonly unmatched: readonly { readonly pattern: string; readonly folder: string }[];
  /** Where new migrations are written: the folder of the first pattern, or the one of its sources. */
  readonly folder: string | undefined;
}

export interface ListedFile {
  readonly file: string;
  /** The class that the file must contain if it follows the convention `<timestamp>-<Name>.ts`. */
  readonly expected: { readonly name: string; readonly timestamp: number } | undefined;
}
