import type { Finished } from '../types.js';
import type { GenerateOptions } from '../generate/types.js';

/** Options of `dev`, which makes a development database match the entities. */
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
  | 'keeps'
  | 'backfills'
  | 'usings'
  | 'storedTimezone'
  | 'allowDestructive'
  | 'targetVersion'
  | 'ask'
> {
  /**
   * `new`: starts a new draft with the changes since the last one. `amend`: rewrites a draft that was committed, as long as the main
   * branch does not have it. By default, the uncommitted draft is rewritten.
   */
  readonly draft?: 'new' | 'amend' | undefined;
  /** The name of the database; required if it is not on this machine. */
  readonly yesDrop?: string | undefined;
  /** Whether answers that have no effect are refused. After the first save of `dev --watch`, they may have had it. @default 'refused' */
  readonly unused?: 'refused' | 'left out' | undefined;
  /** Is given the result before the database is read for the next time. By default, it is not read. */
  readonly tell?: ((result: DevResult) => Promise<void>) | undefined;
}

/** The result of `dev`. */
export interface DevResult {
  /** The pending migrations that ran first. */
  readonly applied: readonly Finished[];
  /** The migrations of a draft that was reverted because its file is gone. */
  readonly takenBack: readonly string[];
  /** What happened to the draft. */
  readonly draft: 'none' | 'unchanged' | 'written' | 'amended' | 'removed';
  /** The files of the draft, as relative paths. */
  readonly files: readonly string[];
  /** Files of the draft that were removed. */
  readonly removed: readonly string[];
  /** The statements that were executed in the database. */
  readonly statements: readonly string[];
  /** The data that the draft will lose in other databases, in words. */
  readonly losses: readonly string[];
  readonly warnings: readonly string[];
}
