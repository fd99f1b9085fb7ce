import { createDraftsTable, keepDraft } from '../../database/drafts.js';
import type { Draft } from '../../database/drafts.js';
import { ledgerChange } from '../../database/ledger.js';
import { addedTo, attemptColumns } from '../../database/log.js';
import type { LogUse } from '../../database/log-columns.js';
import type { MigrationName } from '../../files/name.js';
import type { CommandContext } from '../context.js';

/** One app has one draft in a database. */
export function serviceKey({ service }: CommandContext): string {
  return service.name ?? '';
}

/** The statements that put one draft into ledger and log in the place of another, and keep it. */
export function recordOf(
  earlier: readonly MigrationName[],
  draft: Draft | undefined,
  log: LogUse,
  context: CommandContext,
): readonly string[] {
  const { tables } = context;
  return [
    createDraftsTable(tables),
    ...earlier.map((one) => ledgerChange(tables, one, 'down')),
    ...(draft?.migrations ?? []).flatMap((one) => {
      const { names, values } = attemptColumns({
        migration: one.name,
        direction: 'up',
        batch: 0,
        transactional: true,
        // A draft is known by its text.
        checksum: undefined,
        ...addedTo(one.name, log),
      });
      return [
        ledgerChange(tables, one, 'up'),
        `INSERT INTO ${tables.log} (${names}, state, finished_at, duration_ms) VALUES (${values}, 'applied', clock_timestamp(), 0)`,
      ];
    }),
    keepDraft(tables, serviceKey(context), draft),
  ];
}
