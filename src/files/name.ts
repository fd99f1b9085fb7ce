import { basename } from 'node:path';
import { isDownFile, sqlTitle } from './sql-names.js';

/** The name of a migration in its file, in its class and in the ledger. */
export interface MigrationName {
  readonly name: string;
  readonly timestamp: number;
}

const fileName = /^(\d{13})-(.+)\.(ts|mts|cts|js|mjs|cjs)$/;
const notMigrations = /\.(?:d\.[cm]?ts|map)$|\.(?:spec|test)\.[cm]?[jt]s$/;

/** Whether a file that a pattern matches may contain migrations. */
export function mayHoldMigrations(file: string): boolean {
  return !notMigrations.test(file) && /\.(?:[cm]?[jt]s|sql)$/.test(file) && !isDownFile(file);
}

/** The same for a source and for its compiled file. */
export function withoutExtension(file: string): string {
  return file.replace(/\.(?:[cm]?[jt]sx?|sql)$/, '');
}

/** The name that a file has by convention: `1700000000000-add-users.ts` contains `AddUsers1700000000000`. */
export function expectedName(file: string): MigrationName | undefined {
  const [, digits, title = ''] = fileName.exec(basename(file)) ?? [];
  const found = file.endsWith('.sql') ? sqlTitle(file) : digits && { title, timestamp: Number(digits) };
  if (!found) return undefined;
  return { name: classNameOf(found.title) + String(found.timestamp).padStart(13, '0'), timestamp: found.timestamp };
}

/** The timestamp in a name of the ledger: its last 13 characters, as in TypeORM. */
export function timestampOf(name: string): number | undefined {
  const digits = /\d{13}$/.exec(name)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** `add-users` → `AddUsers`, as in TypeORM's command. */
export function classNameOf(text: string): string {
  return ` ${text}`.replace(/[\s\-_]([\p{L}\p{N}_])/gu, (_match, next: string) => next.toUpperCase()).trim();
}
