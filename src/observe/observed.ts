import type { TableFacts } from './catalog.js';
import type { ColumnGone } from './columns-now.js';
import type { Tree } from './parser.js';
import type { Lock, Relation } from './relation.js';

/** What a statement did, seen while it was executed on a throwaway database. */
export interface Observed {
  readonly sql: string;
  /** The values of `$1`, `$2`, …; undefined when there were none. */
  readonly parameters: readonly unknown[] | undefined;
  /** Undefined when PostgreSQL's parser does not know it. */
  readonly tree: Tree | undefined;
  /** The tables it names, as they were before it, by the name it uses. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** The table that an ALTER TABLE was about, as it is after it. */
  readonly altered: TableFacts | undefined;
  /** Of a statement whose form does not say it: the columns of tables in use that it has dropped or renamed. */
  readonly columnsGone: readonly ColumnGone[];
  /** Which transaction it was in; undefined of one that cannot be in any. */
  readonly transaction: number | undefined;
  /** The strongest lock that it took on each relation that was there before. */
  readonly locks: readonly Lock[];
  /** What earlier statements of its transaction hold. */
  readonly held: readonly Lock[];
  /** Tables whose rows were all written again. */
  readonly rewrites: readonly Relation[];
  /** Indexes that were built, of tables that were there before. */
  readonly builds: readonly Relation[];
  /** Tables that were read from beginning to end. */
  readonly scans: readonly Relation[];
  readonly drops: readonly Relation[];
  /** What the server says of its work, from the level DEBUG1 on. */
  readonly messages: readonly string[];
  /** What a CASCADE has dropped as well, as the server calls it: `view v`, `column mood of table users`. */
  readonly cascades: readonly string[];
  /** Why it failed; undefined when it did not. */
  readonly error: unknown;
}
