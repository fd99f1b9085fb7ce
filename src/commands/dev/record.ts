import { createDraftsTable, keepDraft } from '../../database/drafts.js';
import type { Draft } from '../../database/drafts.js';
import { keepable, ledgerAndDown } from '../../database/downs.js';
import { createDownsTable } from '../../database/downs-table.js';
import type { KeptDown } from '../../files/kept-down.js';
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
        batch: 0,
        transactional: true,
        // A draft is known by its text.
        checksum: undefined,
        ...addedTo(one.name, log),
      });
      return [
        ledgerAndDown({ migration: one, direction: 'up' }, settings.keepDown ? downOf(draft, index) : undefined, use),
        `INSERT INTO ${tables.log} (${names}, state, finished_at, duration_ms) VALUES (${values}, 'applied', clock_timestamp(), 0)`,
      ];
    }),
    keepDraft(tables, serviceKey(context), draft),
  ];
}

/** Once its file is committed and another draft has begun, this is how it can be taken back on another branch. */
function downOf(draft: Draft | undefined, index: number): KeptDown | undefined {
  if (draft === undefined || draft.down.length !== draft.migrations.length) return undefined;
  const step = draft.down.at(-1 - index);
  return step && keepable({ transaction: step.transaction, statements: step.statements.map((sql) => ({ sql })) });
}
