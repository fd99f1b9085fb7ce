import { codeOf } from '../errors.js';
import type { MigrationName } from '../files/name.js';
import { quoteLiteral } from '../sql/index.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/** A change that `dev` is still writing: what this database has of it, and what it takes to write it again or to take it back. */
export interface Draft {
  /** Another one each time that it is written. */
  readonly id: string;
  /** Its rows in the ledger. */
  readonly migrations: readonly MigrationName[];
  /** The files that belong to it, as they should be. */
  readonly files: readonly DraftFile[];
  /** Whether all of them were written. */
  readonly isWritten: boolean;
  /** The checksum of each text that any of its files ever had: a file with another text was edited by a person. */
  readonly checksums: readonly string[];
  /** The names of all files that it ever had. */
  readonly names: readonly string[];
  /** The statements that take it back, in their order. */
  readonly down: readonly DownStep[];
  /** What it has made, by the key of the object. */
  readonly made: readonly string[];
  /** The tables and columns among them, which may hold data by now. */
  readonly holders: readonly Holder[];
  readonly answers: StoredAnswers;
  /** Of all that it was made from; undefined where that may be something else another time. */
  readonly key?: string | undefined;
  /** What its author calls it; undefined where its name follows what it does. */
  readonly title: string | undefined;
}

export interface DraftFile {
  readonly name: string;
  readonly text: string;
}

/** Statements that share a transaction, or have none. */
export interface DownStep {
  readonly transaction: boolean;
  readonly statements: readonly string[];
}

export interface Holder {
  readonly schema: string;
  readonly table: string;
  readonly column?: string;
}

/** What a person has decided about the change as a whole: the present names of things that the migrations before it name otherwise. */
export interface StoredAnswers {
  readonly renames: readonly { readonly from: StoredId; readonly to: StoredId }[];
  readonly drops: readonly StoredId[];
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

/** The only one of this service; undefined where there is none. */
export async function readDraft(client: SqlClient, { drafts }: Tables, service: string): Promise<Draft | undefined> {
  try {
    const { rows } = await client.query(`SELECT draft FROM ${drafts} WHERE service = ${quoteLiteral(service)}`);
    return (rows[0] as { readonly draft: Draft } | undefined)?.draft;
  } catch (error) {
    if (codeOf(error) === '42P01' || codeOf(error) === '3F000') return undefined;
    throw error;
  }
}

/** Only databases that `dev` works on have it. */
export function createDraftsTable({ drafts }: Tables): string {
  return `CREATE TABLE IF NOT EXISTS ${drafts} ("service" character varying PRIMARY KEY, "draft" jsonb NOT NULL)`;
}

/** The statement that keeps it, or forgets the one that there is. */
export function keepDraft({ drafts }: Tables, service: string, draft: Draft | undefined): string {
  if (draft === undefined) return `DELETE FROM ${drafts} WHERE service = ${quoteLiteral(service)}`;
  const values = `${quoteLiteral(service)}, ${quoteLiteral(JSON.stringify(draft))}`;
  return `INSERT INTO ${drafts} (service, draft) VALUES (${values}) ON CONFLICT (service) DO UPDATE SET draft = excluded.draft`;
}
