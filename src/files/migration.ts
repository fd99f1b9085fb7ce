import type { DataSourceOptions, QueryRunner } from 'typeorm';
import type { ResolvedSettings } from '../options.js';
import type { KeptStatement } from './kept-down.js';
import type { Phase } from './phase.js';

/** A class that TypeORM takes for a migration. Its constructor may have dependencies when it runs inside a Nest app. */
export type MigrationClass = abstract new (...dependencies: never[]) => object;

/** Whether a migration runs, or is tried out by a replay or a dry run, which must touch nothing but their database. */
export type Purpose = 'run' | 'trial';

/**
 * Makes the instance of a migration class. The query runner is the one the migration will run on, so that injected repositories join its
 * transaction.
 */
export type Instantiate = (
  migrationClass: MigrationClass,
  queryRunner: QueryRunner,
  purpose: Purpose,
) => Promise<object>;

/** A migration ready to run. */
export interface Runnable {
  /** What the class or the file says of its transaction; undefined when it says nothing. */
  readonly transaction: boolean | undefined;
  up(queryRunner: QueryRunner): Promise<unknown>;
  /** Undefined when it cannot be reverted. */
  readonly down: ((queryRunner: QueryRunner) => Promise<unknown>) | undefined;
  /** What its down executes, so that it can be reverted without its file; undefined where that cannot be known without a database. */
  readonly keptDown?: () => Promise<readonly KeptStatement[] | undefined>;
}

/** A migration whose file has been loaded. */
export interface LoadedMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly file: string | undefined;
  /** Of .sql files only: a compiled class has another text in development than in production. */
  readonly checksum: string | undefined;
  readonly phase: Phase;
  /** Generated ones say which phase they are; those made by hand need not. */
  readonly marksPhase: boolean;
  /** Whether a generated class says that no entity describes what it makes. */
  readonly byHand: boolean;
  /** Of how many migrations its change consists; only the last one of a change says so. */
  readonly steps: number | undefined;
  prepare(queryRunner: QueryRunner, instantiate: Instantiate, purpose: Purpose): Promise<Runnable>;
}

/** A migration that is known by name; its file is loaded only when it is needed. */
export interface KnownMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly file: string | undefined;
  /** Read from the text where that is enough; undefined for an applied migration, whose text is not read. */
  readonly phase: Phase | undefined;
  /** Of how many migrations its change consists; only the last one says so, and only while it is not applied. */
  readonly steps: number | undefined;
  load(): Promise<LoadedMigration>;
}

/** Which files this process can load: an app that was compiled loads JavaScript, the command TypeScript as well. */
export type Loads = 'javascript' | 'typescript';

/** Whose migrations are listed. */
export interface Listing {
  readonly migrations: DataSourceOptions['migrations'];
  readonly settings: Pick<ResolvedSettings, 'dir' | 'sources'>;
  readonly loads: Loads;
  /** Files that do not count. */
  readonly leavesOut?: ((file: string) => boolean) | undefined;
}

/** What the `migrations` option of a data source names, before anything is loaded. */
export interface MigrationList {
  /** A source counts, not what it is compiled to, where this process can load it. */
  readonly files: readonly ListedFile[];
  /** Compiled files whose source is gone; none in production. */
  readonly stale: readonly ListedFile[];
  /** Sources that this process cannot load, and that have not been compiled; none in production. */
  readonly notCompiled: readonly ListedFile[];
  readonly classes: readonly MigrationClass[];
  readonly patterns: readonly string[];
  /** Patterns of the sources that are compiled to what `patterns` match; none in production. */
  readonly sourcePatterns: readonly string[];
  readonly loads: Loads;
  /** The patterns that matched no file, and the folder each of them looked in. */
  readonly unmatched: readonly { readonly pattern: string; readonly folder: string }[];
  /** Where new migrations are written: the folder of the first pattern, or the one of its sources. */
  readonly folder: string | undefined;
}

export interface ListedFile {
  readonly file: string;
  /** What the file must contain if it follows the convention `<timestamp>-<Name>.ts`. */
  readonly expected: { readonly name: string; readonly timestamp: number } | undefined;
}
