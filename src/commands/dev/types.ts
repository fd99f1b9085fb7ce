import type { Finished } from '../types.js';
import type { GenerateOptions } from '../generate/types.js';

/** How `dev` brings the database of a developer to what the entities describe. */
export interface DevOptions extends Pick<
  GenerateOptions,
  | 'name'
  | 'language'
  | 'moduleKind'
  | 'dir'
  | 'shadow'
  | 'ignore'
  | 'renames'
  | 'drops'
  | 'backfills'
  | 'usings'
  | 'storedTimezone'
  | 'allowDestructive'
  | 'targetVersion'
  | 'ask'
> {
  /**
   * `new`: what has changed since becomes a file of its own. `amend`: a draft that was committed is written again, as long as the main
   * branch does not have it. Without it: what is not committed is written again.
   */
  readonly draft?: 'new' | 'amend' | undefined;
  /** The name of the database, where it is not on this machine. */
  readonly yesDrop?: string | undefined;
}

/** What `dev` has done. */
export interface DevResult {
  /** The pending migrations that ran first. */
  readonly applied: readonly Finished[];
  /** The migrations of a draft that was reverted because its file is gone. */
  readonly takenBack: readonly string[];
  /** What became of the draft. */
  readonly draft: 'none' | 'unchanged' | 'written' | 'amended' | 'removed';
  /** The files of the draft, as relative paths. */
  readonly files: readonly string[];
  /** Files of the draft that were removed. */
  readonly removed: readonly string[];
  /** The statements that were executed in the database. */
  readonly statements: readonly string[];
  /** What the draft will lose in other databases, in words. */
  readonly losses: readonly string[];
  readonly warnings: readonly string[];
}
