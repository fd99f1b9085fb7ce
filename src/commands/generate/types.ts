import type { Enlisted } from '../enlist.js';
import type { Language } from '../../files/language.js';
import type { Phase } from '../../files/phase.js';
import type { Effect } from '../../plan/step.js';
import type { FoundBy } from '../placement.js';

/** What `generate` writes, and how it decides what the entities leave open. */
export interface GenerateOptions {
  /** What the change is called; made from the changes when it is left out. */
  readonly name?: string | undefined;
  /** @default that of the migrations in use, and without any, that of the project */
  readonly language?: Language | undefined;
  readonly moduleKind?: 'esm' | 'cjs' | undefined;
  readonly dir?: string | undefined;
  /** Of the last migration; each one before it is a millisecond earlier. @default now */
  readonly timestamp?: number | undefined;
  /** A file for each migration, instead of one for the whole change. SQL files always hold one. */
  readonly split?: boolean | undefined;
  /** Adds new classes to the `migrations` list of the data source without asking, where it is a plain one. */
  readonly addToList?: boolean | undefined;
  /** Nothing is written. */
  readonly dryRun?: boolean | undefined;
  /** False: everything in one file and one transaction, during which reads and writes block. @default true */
  readonly online?: boolean | undefined;
  /** The current schema is that of this database, instead of what the migrations lead to. */
  readonly from?: string | undefined;
  /** A server for the throwaway databases, instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Whether what was read of throwaway databases before may be used. @default true */
  readonly cache?: boolean | undefined;
  /** Drops the objects that the entities do not describe, including objects made by hand. */
  readonly prune?: boolean | undefined;
  /** What is left alone, beside the setting `ignore`: each `<kind>:<pattern>`, such as `table:events_*`, or `<schema>.<pattern>`. */
  readonly ignore?: readonly string[] | undefined;
  readonly allowDestructive?: boolean | undefined;
  /** Each `users.name=full_name` or `users=people`. */
  readonly renames?: readonly string[] | undefined;
  /** Each `users.name`: it is dropped, and nothing new is what it was. */
  readonly drops?: readonly string[] | undefined;
  readonly renameDirectly?: boolean | undefined;
  /** Each `users.country='DE'`. */
  readonly backfills?: readonly string[] | undefined;
  /** Each `users.age=age::int`. */
  readonly usings?: readonly string[] | undefined;
  readonly storedTimezone?: string | undefined;
  /** Major version of the server that migrations are for. @default 15 */
  readonly targetVersion?: number | undefined;
  /** Asks at a terminal. Without it, an open question ends with exit code 3. */
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

/** What `generate` has written. */
export interface GenerateResult {
  /** Relative paths; in a dry run, of the files that would be written. */
  readonly files: readonly string[];
  readonly statements: readonly GeneratedStatement[];
  readonly renames: readonly { readonly from: string; readonly to: string }[];
  readonly warnings: readonly string[];
  /** Why the change has several steps; only if it could have fewer. */
  readonly reason?: string;
  /** What to improve in the entities. */
  readonly advice?: string;
  /** How the data source will find the files; only if some were written. */
  readonly foundBy?: FoundBy;
  /** If migrations are listed as classes: what the list lacks, or what was added to it. */
  readonly list?: Enlisted;
  /** The texts of the files; only in a dry run. */
  readonly texts?: readonly { readonly file: string; readonly text: string }[];
}

/** How `baseline` takes over a database that `synchronize` has made. */
export interface BaselineOptions extends Pick<
  GenerateOptions,
  'name' | 'language' | 'moduleKind' | 'dir' | 'shadow' | 'ask' | 'addToList' | 'ignore'
> {
  /** Only says whether the database has the schema that the entities describe. */
  readonly check?: boolean | undefined;
  /**
   * What becomes of the objects that no entity describes, such as functions and views: the migration makes them as well, or the entities
   * only. Where it is not said, a person is asked, and without one it is the entities only.
   */
  readonly others?: 'take over' | 'leave' | undefined;
}

/** What `baseline` has written and recorded, or what is in its way. */
export interface BaselineResult {
  /** The statements that would give the database the schema of the entities; empty if it has that schema. */
  readonly drift: readonly string[];
  /** The statements that may lose data, and what they lose, in words. */
  readonly losses: readonly { readonly sql: string; readonly loses: string }[];
  /** Objects of the database that are neither in the entities nor in the migration. */
  readonly unknown: readonly string[];
  /** Objects that no entity describes and that the migration creates as well. */
  readonly takenOver: readonly string[];
  readonly files: readonly string[];
  /** If migrations are listed as classes: what the list lacks, or what was added to it. */
  readonly list?: Enlisted;
  /** The migrations that were recorded as applied. */
  readonly recorded: readonly string[];
  /** Remarks on the migration that was written. */
  readonly warnings: readonly string[];
}
