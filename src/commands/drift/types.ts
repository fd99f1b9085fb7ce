import type { IgnorableKind } from '../../ignorable.js';

/** Options of `drift`. */
export interface DriftOptions {
  /** Objects to ignore, in addition to the setting `ignore`: `<kind>:<pattern>`, such as `table:events_*`, or `<schema>.<pattern>`. */
  readonly ignore?: readonly string[] | undefined;
  /** A server for the shadow (a temporary PostgreSQL), instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Whether to use cached replays. @default true */
  readonly cache?: boolean | undefined;
}

/** An object that differs between the database and its applied migrations. */
export interface DriftedObject {
  /** In words: `column users.email`, `index users_email_idx on users`, without the schema public. */
  readonly object: string;
  /** The kind, as in a pattern of `--ignore`. */
  readonly kind: IgnorableKind;
  /** Whether the database lacks the object, has one that no migration creates, or has a different definition. */
  readonly state: 'missing' | 'unexpected' | 'different';
  /** The differences, one line per property; for a definition, both versions. */
  readonly detail?: string;
}

/** The result of `drift`. */
export interface DriftResult {
  readonly drift: readonly DriftedObject[];
  /** Statements that would make the database match its migrations. */
  readonly repair: readonly string[];
  /** Statements for a migration that adds the differences to the migrations. */
  readonly adopt: readonly string[];
  /** The statements that may lose data, and the data that they lose, in words. */
  readonly losses: readonly { readonly sql: string; readonly loses: string }[];
  /** Differences that were ignored, in words. */
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
}
