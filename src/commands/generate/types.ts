import type { Enlisted } from '../enlist.js';
import type { Language } from '../../files/language.js';
import type { Phase } from '../../files/phase.js';
import type { Effect } from '../../plan/step.js';
import type { FoundBy } from '../placement.js';

/** Options of `generate`. */
export interface GenerateOptions {
  /** The name of the change; derived from the changes if omitted. */
  readonly name?: string | undefined;
  /** @default the language of the existing migrations, or else that of the project */
  readonly language?: Language | undefined;
  readonly moduleKind?: 'esm' | 'cjs' | undefined;
  readonly dir?: string | undefined;
  /** The timestamp of the last migration; each earlier one gets a millisecond less. @default now */
  readonly timestamp?: number | undefined;
  /** Writes one file per migration, instead of one for the whole change. SQL files always hold a single migration. */
  readonly split?: boolean | undefined;
  /** Adds new classes to the `migrations` list of the data source without asking, if it is a plain list. */
  readonly addToList?: boolean | undefined;
  /** Writes nothing. */
  readonly dryRun?: boolean | undefined;
  /** With `false`, everything goes into one migration and one transaction, and reads and writes block meanwhile. @default true */
  readonly online?: boolean | undefined;
  /** Takes the current schema from this database, instead of from the migrations. */
  readonly from?: string | undefined;
  /** A server for the shadow (a temporary PostgreSQL), instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Whether to use cached schemas. @default true */
  readonly cache?: boolean | undefined;
  /** Drops objects that the entities do not describe, including those created by hand. */
  readonly prune?: boolean | undefined;
  /** Objects to ignore, in addition to the setting `ignore`: `<kind>:<pattern>`, such as `table:events_*`, or `<schema>.<pattern>`. */
  readonly ignore?: readonly string[] | undefined;
  readonly allowDestructive?: boolean | undefined;
  /** Renamed objects: `users.name=full_name` for a column, `users=people` for a table. */
  readonly renames?: readonly string[] | undefined;
  /** Dropped objects that were not renamed, such as `users.name`. */
  readonly drops?: readonly string[] | undefined;
  /** Objects created by hand that were not renamed, and stay beside similar new ones, such as `users.name`. */
  readonly keeps?: readonly string[] | undefined;
  readonly renameDirectly?: boolean | undefined;
  /** SQL expressions that fill existing rows, such as `users.country='DE'`. */
  readonly backfills?: readonly string[] | undefined;
  /** SQL expressions that convert values to a new type, such as `users.age=age::int`. */
  readonly usings?: readonly string[] | undefined;
  readonly storedTimezone?: string | undefined;
  /** The major version of the server on which the migrations will run. @default 15 */
  readonly targetVersion?: number | undefined;
  /** Asks a person at a terminal. Without it, an open question ends with exit code 3. */
  readonly ask?: Ask | undefined;
}

/** Answers the questions of `generate`, such as whether a column was renamed. */
export interface Ask {
  choose(question: string, choices: readonly { readonly title: string; readonly value: string }[]): Promise<string>;
  text(question: string): Promise<string>;
  confirm(question: string): Promise<boolean>;
}

/** A statement of a generated migration. */
export interface GeneratedStatement {
  readonly file: string;
  readonly migration: string;
  readonly sql: string;
  readonly effect: Effect;
  readonly phase: Phase;
}

/** The result of `generate`. */
export interface GenerateResult {
  /** Relative paths of the written files; in a dry run, of the files that would be written. */
  readonly files: readonly string[];
  readonly statements: readonly GeneratedStatement[];
  readonly renames: readonly { readonly from: string; readonly to: string }[];
  readonly warnings: readonly string[];
  /** Why the change has several steps, if it could have fewer. */
  readonly reason?: string;
  /** Suggested improvements to the entities. */
  readonly advice?: string;
  /** How the data source will find the files, if any were written. */
  readonly foundBy?: FoundBy;
  /** If migrations are listed as classes: the classes that the list lacks, or that were added to it. */
  readonly list?: Enlisted;
  /** The contents of the files; only in a dry run. */
  readonly texts?: readonly { readonly file: string; readonly text: string }[];
}

/** Options of `baseline`, which adopts a database that `synchronize` has created. */
export interface BaselineOptions extends Pick<
  GenerateOptions,
  'name' | 'language' | 'moduleKind' | 'dir' | 'shadow' | 'ask' | 'addToList' | 'ignore'
> {
  /** Only checks whether the database matches the entities. */
  readonly check?: boolean | undefined;
  /**
   * How to treat objects that no entity describes, such as functions and views: the migration creates them as well, or the entities
   * only. By default, a person is asked at a terminal; without one, it creates the entities only.
   */
  readonly others?: 'take over' | 'leave' | undefined;
}

/** The result of `baseline`: what it has written and recorded, or why it could not. */
export interface BaselineResult {
  /** The statements that would make the database match the entities; empty if it does. */
  readonly drift: readonly string[];
  /** The statements that may lose data, and the data that they lose, in words. */
  readonly losses: readonly { readonly sql: string; readonly loses: string }[];
  /** Objects of the database that are neither in the entities nor in the migration. */
  readonly unknown: readonly string[];
  /** Objects that no entity describes, but that the migration creates. */
  readonly takenOver: readonly string[];
  readonly files: readonly string[];
  /** If migrations are listed as classes: the classes that the list lacks, or that were added to it. */
  readonly list?: Enlisted;
  /** The migrations that were recorded as applied. */
  readonly recorded: readonly string[];
  /** Remarks on the written migration. */
  readonly warnings: readonly string[];
}
