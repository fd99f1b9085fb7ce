import type { SqlClient } from '../../database/sql-client.js';
import { ExitCode, isMigrateError, messageOf, MigrateError } from '../../errors.js';
import { attempt } from '../../plan/attempt.js';
import { renameSql } from '../../plan/renames.js';
import type { Rename } from '../../plan/renames.js';
import { columnOf, enumOf } from '../../schema/column.js';
import { columnPath, describeObject, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { quoteLiteral, quoteName } from '../../sql/index.js';

interface Retyped {
  readonly from: Schema;
  readonly to: Schema;
  readonly inCatalog: readonly Rename[];
}

/**
 * The reason for a change that failed on the shadow, if a check or an index that is kept cannot exist for the new type of its column, such as
 * a check of a text for what becomes an enum. Any other error is returned as it is.
 */
export async function withUnfitObjects(error: unknown, retyped: Retyped, client: SqlClient): Promise<unknown> {
  if (!isMigrateError(error) || error.code !== 'PROOF_FAILED') return error;
  const { from, to } = retyped;
  const found: Unfit[] = [];
  for (const { id } of to.objects) {
    const [before, after] = [columnOf(from, id), columnOf(to, id)];
    if (!before || !after || before.type === after.type) continue;
    const kept = from.neededBy(id).filter((one) => isKept(one, retyped));
    for (const object of kept) {
      const reason = await reasonOf(object, { column: id, kept, type: after.type }, retyped, client);
      if (reason !== undefined) found.push({ object, column: id, type: after.type, reason });
    }
  }
  return found.length === 0 ? error : unfit(found);
}

function isKept(id: ObjectId, { from, to }: Retyped): boolean {
  return to.has(id) && (id.kind === 'index' || (id.kind === 'constraint' && from.get(id)?.is['type'] === 'c'));
}

interface Trial {
  readonly column: ObjectId;
  readonly kept: readonly ObjectId[];
  readonly type: string;
}

/** Changes the type in the empty table, without any of these objects, and then with this one only. */
async function reasonOf(
  object: ObjectId,
  { column, kept, type }: Trial,
  { from, to, inCatalog }: Retyped,
  client: SqlClient,
): Promise<string | undefined> {
  const values = enumOf(column, to);
  const isNew = values !== undefined && !from.has(values.id);
  const alter = `ALTER TABLE ${tableSql(column)} ALTER COLUMN ${quoteName(column.name ?? '')}`;
  const retype = [`${alter} DROP DEFAULT`, `${alter} TYPE ${type} USING NULL`];
  const prepared = [
    ...inCatalog.map(renameSql),
    ...(isNew ? [`CREATE TYPE ${sqlName(values.id)} AS ENUM (${values.values.map(quoteLiteral).join(', ')})`] : []),
    ...kept.filter((one) => one !== object).map(dropSql),
  ];
  const without = await failureAfter([...prepared, dropSql(object), ...retype], client);
  return without === undefined ? failureAfter([...prepared, ...retype], client) : undefined;
}

async function failureAfter(statements: readonly string[], client: SqlClient): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    for (const sql of statements) {
      const error = await attempt(sql, client);
      if (error !== undefined) return messageOf(error);
    }
    return undefined;
  } finally {
    await client.query('ROLLBACK');
  }
}

function dropSql(id: ObjectId): string {
  return id.kind === 'index'
    ? `DROP INDEX ${sqlName(id)}`
    : `ALTER TABLE ${tableSql(id)} DROP CONSTRAINT ${quoteName(id.name ?? '')}`;
}

interface Unfit {
  readonly object: ObjectId;
  readonly column: ObjectId;
  readonly type: string;
  readonly reason: string;
}

function unfit(found: readonly Unfit[]): MigrateError {
  return new MigrateError({
    code: 'DECISION_NEEDED',
    message: [
      ...found.map(
        ({ object, column, type, reason }) =>
          `${columnPath(column)} becomes ${type}, but ${describeObject(object)} is for the old type and cannot be kept: ${reason}.`,
      ),
      'Nothing was written.',
    ].join('\n'),
    next: [
      'Drop it in a migration of its own (nest-migrate create), then generate again:',
      ...new Set(found.map(({ object }) => `  ${dropSql(object)}`)),
      'Or, if it was created by hand: --prune drops it in this change, with everything else that was created by hand (with --dry-run, it only lists it).',
    ].join('\n'),
    exitCode: ExitCode.todo,
  });
}
