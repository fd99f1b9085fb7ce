import type { TableFacts } from './catalog.js';
import type { ColumnGone } from './columns-now.js';
import type { Tree } from './parser.js';
import type { Lock, Relation } from './relation.js';

/** The effects of a statement, observed while it was executed on a shadow. */
export interface Observed {
  readonly sql: string;
  /** The values of `$1`, `$2`, …; undefined if there were none. */
  readonly parameters: readonly unknown[] | undefined;
  /** Undefined if PostgreSQL's parser rejects the statement. */
  readonly tree: Tree | undefined;
  /** The tables that it names, as they were before, by the name it uses. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** The table of an ALTER TABLE, as it is afterwards. */
  readonly altered: TableFacts | undefined;
  /** For a statement whose form hides it: the columns of tables in use that it has dropped or renamed. */
  readonly columnsGone: readonly ColumnGone[];
  /** The transaction it ran in; undefined for a statement that cannot run in one. */
  readonly transaction: number | undefined;
  /** The strongest lock that it took on each existing relation. */
  readonly locks: readonly Lock[];
  /** The locks that earlier statements of its transaction hold. */
  readonly held: readonly Lock[];
  /** Tables that were rewritten. */
  readonly rewrites: readonly Relation[];
  /** Indexes of existing tables that were built. */
  readonly builds: readonly Relation[];
  /** Tables that were scanned completely. */
  readonly scans: readonly Relation[];
  readonly drops: readonly Relation[];
  /** The server's messages, from level DEBUG1 up. */
  readonly messages: readonly string[];
  /** The objects that a CASCADE has dropped, in the server's words: `view v`, `column mood of table users`. */
  readonly cascades: readonly string[];
  /** The error, if it failed. */
  readonly error: unknown;
}
