import type { Draft } from '../../database/drafts.js';
import { readDowns } from '../../database/downs.js';
import type { LedgerRow } from '../../database/ledger.js';
import { withReader } from '../../database/client.js';
import { ExitCode, MigrateError } from '../../errors.js';
import type { KeptDown } from '../../files/kept-down.js';
import { listMigrations } from '../../files/list-migrations.js';
import { survey } from '../context.js';
import type { CommandContext } from '../context.js';
import { revertThese } from '../revert.js';
import { confirmLosses } from './losses.js';
import type { DevOptions } from './types.js';

/**
 * Migrations that are applied here without a file and are not the draft, for example from another branch, with the statements that revert
 * them.
 */
export type Unknown = ReadonlyMap<string, KeptDown>;

/** Refuses migrations that cannot be reverted, because the schema after them would be unknown. */
export async function unknownHere(draft: Draft | undefined, context: CommandContext): Promise<Unknown> {
  return withReader(context, async (client) => {
    const now = await survey(client, listMigrations(context), context);
    const ofDraft = new Set((draft?.migrations ?? []).map(({ name }) => name));
    const known = new Set([...now.known.map(({ name }) => name), ...ofDraft]);
    const files = now.state.applied.filter(({ name }) => known.has(name) && !ofDraft.has(name));
    const unknown = now.state.applied.filter((row) => !known.has(row.name) && !isReplaced(row, files));
    const downs = await readDowns(client, context.tables, unknown, now.state);
    const lost = unknown.filter(({ name }) => !downs.has(name)).map(({ name }) => name);
    if (lost.length > 0) throw cannotTakeBack(lost);
    return downs;
  });
}

/**
 * Whether the present files have replaced this migration: it is older than each of them that is applied, and was applied before them. That of
 * another branch is not, because it is reverted before anything else is applied.
 */
function isReplaced({ id, timestamp }: LedgerRow, files: readonly LedgerRow[]): boolean {
  return files.length > 0 && files.every((file) => id < file.id && timestamp < file.timestamp);
}

/** Asks whether to revert them. */
export async function confirmUnknown(unknown: Unknown, options: DevOptions): Promise<void> {
  const names = [...unknown.keys()].join(', ');
  const them = unknown.size === 1 ? 'it' : 'them';
  const statements = [...unknown.values()].reverse().flatMap((down) => down.statements.map(({ sql }) => shown(sql)));
  const happens = `Applied in this database, perhaps by another branch, but without a file here: ${names}. Reverting ${them} would execute:`;
  await confirmLosses(statements, happens, options);
}

export async function takeBackUnknown(unknown: Unknown, context: CommandContext): Promise<readonly string[]> {
  return unknown.size === 0 ? [] : revertThese([...unknown.keys()], context);
}

function shown(sql: string): string {
  const text = sql.trim().replace(/\s+/g, ' ');
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function cannotTakeBack(names: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FILE_MISSING',
    message: `Applied in this database, but without a file here: ${names.join(', ')}. Nothing was changed.`,
    next: 'If they belong to another branch, check it out, run nest-migrate revert, and come back. Or start over with an empty database: nest-migrate database drop, then nest-migrate dev',
    exitCode: ExitCode.todo,
  });
}
