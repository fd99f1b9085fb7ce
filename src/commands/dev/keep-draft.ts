import { withReader } from '../../database/client.js';
import { createDraftsTable, keepDraft, readDraft } from '../../database/drafts.js';
import type { Finished } from '../types.js';
import type { CommandContext } from '../context.js';
import { serviceKey } from './record.js';

/** Wraps work that empties the database and runs all migrations. The draft among them stays a draft if its files are still here. */
export async function keepingDraft<T extends { readonly applied: readonly Finished[] }>(
  context: CommandContext,
  work: () => Promise<T>,
): Promise<T> {
  const key = serviceKey(context);
  const draft = await withReader(context, (client) => readDraft(client, context.tables, key));
  const done = await work();
  const names = new Set(done.applied.map(({ name }) => name));
  if (draft?.migrations.every(({ name }) => names.has(name)) !== true) return done;
  const statements = [createDraftsTable(context.tables), keepDraft(context.tables, key, draft)];
  await withReader(context, (client) => client.query(statements.join(';\n')));
  return done;
}
