import { codeOf } from '../errors.js';
import type { MigrationName } from '../files/name.js';
import { quoteLiteral } from '../sql/index.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/** A change that `dev` is still writing: what this database has of it, and what is needed to rewrite it or to take it back. */
export interface Draft {
  /** Different each time the change is written. */
  readonly id: string;
  /** Its rows in the ledger. */
  readonly migrations: readonly MigrationName[];
  /** The files that belong to it, with their intended contents. */
  readonly files: readonly DraftFile[];
  /** Whether all of its files were written. */
  readonly isWritten: boolean;
  /** The checksum of every text that its files ever had. A file with any other text was edited by the user. */
  readonly checksums: readonly string[];
  /** The names of all files that it ever had. */
  readonly names: readonly string[];
  /** The statements that take it back, in order. */
  readonly down: readonly DownStep[];
  /** The keys of the objects that it has created. */
  readonly made: readonly string[];
  /** The tables and columns among them, which may contain data by now. */
  readonly holders: readonly Holder[];
  /** Whether this database had tables that it creates, from `synchronize`: its down would drop what it has not created. */
  readonly isAdopted?: boolean;
  readonly answers: StoredAnswers;
  /** A key of everything that it was made from; undefined if that may differ another time. */
  readonly key?: string | undefined;
  /** The name that its author gave it; undefined if its name is derived from its statements. */
  readonly title: string | undefined;
}

export interface DraftFile {
  readonly name: string;
  readonly text: string;
}

/** Statements that share a transaction, or that run without one. */
export interface DownStep {
  readonly transaction: boolean;
  readonly statements: readonly string[];
}

export interface Holder {
  readonly schema: string;
  readonly table: string;
  readonly column?: string;
}

/** The user's decisions about the whole change: the current names of objects that have other names in earlier migrations. */
export interface StoredAnswers {
  readonly renames: readonly { readonly from: StoredId; readonly to: StoredId }[];
  readonly drops: readonly StoredId[];
  /** Drafts of version 0.2 and earlier have none. */
  readonly keeps?: readonly StoredId[];
  readonly backfills: Readonly<Record<string, string>>;
  readonly usings: Readonly<Record<string, string>>;
  readonly storedTimezone?: string;
}

/** A table or a column. */
export interface StoredId {
  readonly kind: string;
  readonly schema?: string;
  readonly table?: string;
  readonly name?: string;
}

/** The draft of this service; undefined if there is none. */
export async function readDraft(client: SqlClient, { drafts }: Tables, service: string): Promise<Draft | undefined> {
  try {
    const { rows } = await client.query(`SELECT draft FROM ${drafts} WHERE service = ${quoteLiteral(service)}`);
    return (rows[0] as { readonly draft: Draft } | undefined)?.draft;
  } catch (error) {
    if (codeOf(error) === '42P01' || codeOf(error) === '3F000') return undefined;
    throw error;
  }
}

/** Only databases on which `dev` is used have this table. */
export function createDraftsTable({ drafts }: Tables): string {
  return `CREATE TABLE IF NOT EXISTS ${drafts} ("service" character varying PRIMARY KEY, "draft" jsonb NOT NULL)`;
}

/** The statement that stores the draft, or deletes it. */
export function keepDraft({ drafts }: Tables, service: string, draft: Draft | undefined): string {
  if (draft === undefined) return `DELETE FROM ${drafts} WHERE service = ${quoteLiteral(service)}`;
  const values = `${quoteLiteral(service)}, ${quoteLiteral(JSON.stringify(draft))}`;
  return `INSERT INTO ${drafts} (service, draft) VALUES (${values}) ON CONFLICT (service) DO UPDATE SET draft = excluded.draft`;
}
