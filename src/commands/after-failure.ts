import { readFileSync } from 'node:fs';
import { correctIt, serverErrorBelow } from '../database/failure.js';
import type { MigrateError } from '../errors.js';
import { changesIn } from '../files/change.js';
import type { KnownMigration, MigrationList } from '../files/migration.js';
import { isSelfContained, noBeginning } from '../shadow/no-beginning.js';
import type { Survey } from './context.js';

/** For a migration that has failed for a reason which lies in the history: what it expects was never created, or is there already. */
export function withAdvice(error: MigrateError, { known }: Survey, { classes }: MigrationList): MigrateError {
  const failed = known.findIndex(({ name }) => name === error.migration);
  if (error.code !== 'MIGRATION_FAILED' || failed === -1 || !error.next.startsWith(correctIt)) return error;
  const texts = known.slice(0, failed).map((migration) => textOf(migration, classes));
  const next = texts.every((text) => text !== undefined) ? noBeginning(error.cause, texts) : undefined;
  const instead = next ?? alreadyThere(error, known);
  if (instead === undefined) return error;
  const [, ...more] = error.next.split('\n');
  return error.with({ next: [instead, ...more].join('\n') });
}

/** The text of a file, or the code of a class that is not in a file of its own; undefined if it does not show all that it does. */
function textOf({ name, file }: KnownMigration, classes: MigrationList['classes']): string | undefined {
  const listed = classes.find((one) => one.name === name)?.prototype as { readonly up?: unknown } | undefined;
  const text = file === undefined ? listed && String(listed.up) : textOfFile(file);
  const kind = file === undefined ? 'function' : file.endsWith('.sql') ? 'sql' : 'file';
  return text !== undefined && isSelfContained(text, kind) ? text : undefined;
}

function textOfFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const exists = new Set(['42P07', '42710', '42701', '42P06']);

function alreadyThere({ cause, migration = '' }: MigrateError, known: readonly KnownMigration[]): string | undefined {
  if (!exists.has(serverErrorBelow(cause)?.code ?? '')) return undefined;
  // A database that existed before its migrations has all of the first change. Of a later one, it may have only a part.
  const [first] = changesIn(known);
  const recorded = first?.migrations.some(({ name }) => name === migration) ? first.name : migration;
  return `The database has it already. If everything that this migration does is there (made by synchronize, by hand, or by older migrations that this one replaces), record it as applied: nest-migrate run --fake --to ${recorded}\nBefore that, nest-migrate baseline --check compares the database with the entities. Otherwise, correct the migration, then run \`nest-migrate run\` again.`;
}
