import type { SqlClient } from '../database/sql-client.js';
import { codeOf } from '../errors.js';
import { withoutCollation } from '../schema/column.js';
import { keyOf } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import type { ColumnType, PlanContext, TypeChange } from './context.js';

/** Tries each type change on the shadow: whether PostgreSQL can convert the values, and whether it rewrites the rows. */
export async function tryTypeChanges(client: SqlClient, from: Schema, to: Schema): Promise<PlanContext['tryType']> {
  const tried = new Map<string, TypeChange>();
  for (const { id, is } of to.objects) {
    const before = id.kind === 'column' ? from.get(id) : undefined;
    if (!before || before.is['type'] === is['type']) continue;
    const types = [before, { id, is }].map(({ is: { type } }, index) => ({
      type: String(type),
      expr: (index === 0 ? from : to).get({ ...id, kind: 'default' })?.is['expr'] as string | undefined,
    })) as [ColumnType, ColumnType];
    // Also tries the reverse change, for the down.
    for (const [one, other] of [types, types.toReversed() as [ColumnType, ColumnType]]) {
      const key = keyTo(one, other);
      if (!tried.has(key)) tried.set(key, await tryOne(client, one, other));
    }
  }
  return (before, after) => tried.get(keyTo(before, after)) ?? 'needs-using';
}

/** Whether PostgreSQL has a cast between two types, which are on the shadow or its own. */
export async function hasCast(client: SqlClient, from: string, to: string): Promise<boolean> {
  const [before, after] = [from, to].map(withoutCollation);
  return client.query(`SELECT NULL::${before}::${after}`).then(
    () => true,
    (error: unknown) => codeOf(error) !== '42846',
  );
}

function keyTo(before: ColumnType, after: ColumnType): string {
  return keyOf({ kind: 'try', args: [before.type, before.expr ?? '', after.type, after.expr ?? ''] });
}

async function tryOne(client: SqlClient, before: ColumnType, after: ColumnType): Promise<TypeChange> {
  const fallback = before.expr === undefined || /nextval\(/.test(before.expr) ? '' : ` DEFAULT ${before.expr}`;
  const alter =
    after.expr === undefined && before.expr !== undefined ? 'ALTER TABLE nest_migrate_trial ALTER c DROP DEFAULT;' : '';
  try {
    // A simple query is one transaction; this one ends in an error, so that nothing remains.
    await client.query(`CREATE TEMP TABLE nest_migrate_trial (c ${before.type}${fallback});
      CREATE TEMP TABLE nest_migrate_file AS SELECT pg_relation_filenode('nest_migrate_trial') AS id;
      ${alter} ALTER TABLE nest_migrate_trial ALTER c TYPE ${after.type};
      DO $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = 'NMTRY', MESSAGE =
          CASE WHEN (SELECT id FROM nest_migrate_file) = pg_relation_filenode('nest_migrate_trial') THEN 'free' ELSE 'rewrite' END;
      END $$`);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code === 'NMTRY') return message as TypeChange;
  }
  return 'needs-using';
}
