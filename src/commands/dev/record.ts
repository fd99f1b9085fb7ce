import { createDraftsTable, keepDraft } from '../../database/drafts.js';
import type { Draft } from '../../database/drafts.js';
import { keepable, ledgerAndDown } from '../../database/downs.js';
import { createDownsTable } from '../../database/downs-table.js';
import type { KeptDown } from '../../files/kept-down.js';
import { addedTo, adoptedBatch, attemptColumns } from '../../database/log.js';
import type { LogUse } from '../../database/log-columns.js';
import type { MigrationName } from '../../files/name.js';
import type { CommandContext } from '../context.js';

/** The key of the draft: each app has one draft in a database. */
export function serviceKey({ service }: CommandContext): string {
  return service.name ?? '';
}

/** The statements that replace one draft by another in ledger, log and drafts table. */
export function recordOf(
  earlier: readonly MigrationName[],
  draft: Draft | undefined,
  log: LogUse,
  context: CommandContext,
): readonly string[] {
  const { tables, settings } = context;
  const use = { tables, downs: settings.keepDown ? ('keep' as const) : ('leave' as const) };
  return [
    createDraftsTable(tables),
    ...(settings.keepDown ? [createDownsTable(tables)] : []),
    ...earlier.map((migration) => ledgerAndDown({ migration, direction: 'down' }, undefined, use)),
    ...(draft?.migrations ?? []).flatMap((one, index) => {
      const { names, values } = attemptColumns({
        migration: one.name,
        direction: 'up',
        batch: draft?.isAdopted ? adoptedBatch : 0,
        transactional: true,
        // A draft is recognised by its text, so it needs no checksum.
        checksum: undefined,
        ...addedTo(one.name, log),
      });
      return [
        ledgerAndDown({ migration: one, direction: 'up' }, settings.keepDown ? downOf(draft, index) : undefined, use),
        // Only a part of the file was executed, so nothing is known about how long the whole takes.
        `INSERT INTO ${tables.log} (${names}, state, finished_at) VALUES (${values}, 'applied', clock_timestamp())`,
      ];
    }),
    keepDraft(tables, serviceKey(context), draft),
  ];
}

/** The statements that revert the draft on another branch, after its file was committed and another draft has begun. */
function downOf(draft: Draft | undefined, index: number): KeptDown | undefined {
  if (draft === undefined || draft.down.length !== draft.migrations.length) return undefined;
  const step = draft.down.at(-1 - index);
  return step && keepable({ transaction: step.transaction, statements: step.statements.map((sql) => ({ sql })) });
}
