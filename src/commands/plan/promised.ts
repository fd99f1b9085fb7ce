import type { TableFacts } from '../../observe/catalog.js';

/** Something that all rows must fulfil once a migration has run, and a question that finds one that does not. */
export interface Promised {
  readonly table: Pick<TableFacts, 'oid' | 'schema' | 'name'>;
  /** The columns that it is about; none when it may be any. */
  readonly columns: readonly string[];
  /** In words: `users.email has no NULL`. */
  readonly what: string;
  /** Finds rows that are in the way; undefined when the live database cannot be asked. */
  readonly question: string | undefined;
  /** What it means when a row is found, or when the server cannot convert a value. @default 'an offending row' */
  readonly found?: 'a doubt';
  readonly failed?: 'an offending row';
}
