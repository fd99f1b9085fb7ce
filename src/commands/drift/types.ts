import type { IgnorableKind } from '../../ignorable.js';

/** What `drift` compares. */
export interface DriftOptions {
  /** What is left alone, beside the setting `ignore`: each `<kind>:<pattern>`, such as `table:events_*`, or `<schema>.<pattern>`. */
  readonly ignore?: readonly string[] | undefined;
  /** A server to replay the migrations on, instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Whether what was read of a replay before may be used. @default true */
  readonly cache?: boolean | undefined;
}

/** An object in which the database is not what its applied migrations say. */
export interface DriftedObject {
  /** In words: `column users.email`, `index users_email_idx on users`. The schema public goes without saying. */
  readonly object: string;
  /** As it is named in a pattern to ignore. */
  readonly kind: IgnorableKind;
  /** From the side of the database: it has not what the migrations make; it has what they do not make; it has it otherwise. */
  readonly state: 'missing' | 'unexpected' | 'different';
  /** What differs, a line for each property; of a definition, how it is on each side. */
  readonly detail?: string;
}

/** How the database differs from what its migrations say. */
export interface DriftResult {
  readonly drift: readonly DriftedObject[];
  /** Statements that would bring the database to what the migrations say. */
  readonly repair: readonly string[];
  /** Statements that a migration would need, so that the migrations say what the database has. */
  readonly adopt: readonly string[];
  /** Those of the statements that may lose data, with what they lose in words. */
  readonly losses: readonly { readonly sql: string; readonly loses: string }[];
  /** What differs and was left alone, in words. */
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
}
