import type { SqlClient } from '../../database/sql-client.js';
import { codeOf, ExitCode, isMigrateError, messageOf, MigrateError } from '../../errors.js';
import { attempt } from '../../plan/attempt.js';
import type { Decisions } from '../../plan/context.js';
import { renameSql } from '../../plan/renames.js';
import type { Rename } from '../../plan/renames.js';
import { columnOf } from '../../schema/column.js';
import { columnPath, relationOf, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { quoteName } from '../../sql/index.js';

/** The expressions that the author of a change has written, and where they apply. */
interface Written {
  readonly from: Schema;
  readonly to: Schema;
  readonly decisions: Decisions;
  readonly inCatalog: readonly Rename[];
}

/**
 * The reason for a change that failed on the shadow, if it is an expression of the author, which then fails by itself too. Any other error is
 * returned as it is.
 */
export async function withWrongExpression(error: unknown, written: Written, client: SqlClient): Promise<unknown> {
  if (!isMigrateError(error) || error.code !== 'PROOF_FAILED') return error;
  const { using, backfill } = written.decisions;
  for (const { id } of written.to.objects.filter(({ id: { kind } }) => kind === 'column')) {
    const path = columnPath(id);
    for (const [flag, expression] of [
      ['--using', using.get(path)] as const,
      ['--backfill', backfill.get(path)] as const,
    ]) {
      const reason = expression && (await reasonOf(expression, id, written, client));
      if (reason) return wrong({ flag, path, expression, reason });
    }
  }
  return error;
}

const scratch = 'nest_migrate_value';

/** Assigns the expression in an empty copy of the table. Undefined if that succeeds, or if there can be no such copy. */
async function reasonOf(
  expression: string,
  column: ObjectId,
  { from, to, inCatalog }: Written,
  client: SqlClient,
): Promise<unknown> {
  const [table, name] = [relationOf(column), column.name ?? ''];
  const copy = `pg_temp.${quoteName(table.name ?? '')}`;
  // The type decides what may be assigned, and a new column may be named in its own expression.
  const target = quoteName(from.has(column) ? scratch : name);
  const prepared = [
    ...inCatalog.map(renameSql),
    `CREATE TEMP TABLE ${quoteName(table.name ?? '')} (LIKE ${tableSql(table)})`,
    `ALTER TABLE ${copy} ADD COLUMN ${target} ${columnOf(to, column)?.type ?? ''}`,
  ];
  await client.query('BEGIN');
  try {
    for (const sql of prepared) if ((await attempt(sql, client)) !== undefined) return undefined;
    const error = await attempt(`UPDATE ${copy} SET ${target} = ${expression}`, client);
    return error && `${messageOf(error).replaceAll(scratch, name)} (${codeOf(error) ?? ''})`;
  } finally {
    await client.query('ROLLBACK');
  }
}

interface Wrong {
  readonly flag: '--using' | '--backfill';
  readonly path: string;
  readonly expression: string;
  readonly reason: unknown;
}

function wrong({ flag, path, expression, reason }: Wrong): MigrateError {
  const source = flag === '--using' ? flag : `${flag} or @Backfill`;
  return new MigrateError({
    code: 'USAGE',
    message: `The expression for ${path} (${source}) fails: ${String(reason)}.\n  ${expression}\nNothing was written.`,
    next: `Correct it. It may use the columns of the table, under their names before the change: ${flag} "${path}=…"`,
    exitCode: ExitCode.usage,
  });
}
