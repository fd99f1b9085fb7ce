import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';

/** A condition that all rows must meet once a migration has run, and a query that finds a row which does not. */
export interface Promised {
  readonly table: Pick<TableFacts, 'oid' | 'schema' | 'name'>;
  /** The columns that it concerns; empty if it may be any. */
  readonly columns: readonly string[];
  /** In words: `users.email has no NULL`. */
  readonly what: string;
  /** Finds violating rows; undefined if the live database cannot be asked. */
  readonly question: string | undefined;
  /** The statement that requires it; undefined if the whole migration does. */
  readonly by?: Observed;
  /** That earlier statements of the run change rows makes no difference. */
  readonly isSettled?: true;
  /** The meaning of a row that is found, or of a value that the server cannot convert. @default 'an offending row' */
  readonly found?: 'a doubt';
  readonly failed?: 'an offending row';
}
