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
  /** In words: `column users.email`, `index users_email_idx on users`. The schema public is left out. */
  readonly object: string;
  /** As in a pattern of `--ignore`. */
  readonly kind: IgnorableKind;
  /** Whether the database lacks the object, has one that no migration creates, or has it in another form. */
  readonly state: 'missing' | 'unexpected' | 'different';
  /** What differs, one line for each property; for a definition, both versions. */
  readonly detail?: string;
}

/** How the database differs from what its migrations say. */
export interface DriftResult {
  readonly drift: readonly DriftedObject[];
  /** Statements that would change the database to the schema of its migrations. */
  readonly repair: readonly string[];
  /** Statements for a migration that adds the differences to the migrations. */
  readonly adopt: readonly string[];
  /** The statements that may lose data, and what they lose, in words. */
  readonly losses: readonly { readonly sql: string; readonly loses: string }[];
  /** Differences that were left alone, in words. */
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
}
