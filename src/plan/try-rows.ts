import type { SqlClient } from '../database/sql-client.js';
import { codeOf, messageOf, MigrateError } from '../errors.js';
import { columnOf, columnsOf } from '../schema/column.js';
import { columnPath, describeObject, objectId, tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { classify, quoteName } from '../sql/index.js';
import { attempt } from './attempt.js';
import { placeholder, placeholderOfRow } from './placeholder.js';
import type { OnRows } from './on-rows.js';
import type { Step } from './step.js';

const probe = 'nest_migrate_rows';

/** Errors that mean that a statement is wrong whatever the rows are; all others depend on the tried values. */
const wrong = new Set(['42601', '42703', '42702', '42704', '42883', '42804', '42846', '42P01', '42P02', '42P18']);

/**
 * Executes the generated triggers and backfills of a file on rows, in a copy of the table without its keys, checks and other triggers.
 * Returns the steps that could not be tried, in words: a table that cannot be filled is not a failure.
 */
export async function tryOnRows(steps: readonly Step[], schema: Schema, client: SqlClient): Promise<readonly string[]> {
  const notTried: string[] = [];
  for (const { onRows } of steps) {
    if (onRows === undefined || !schema.has(onRows.table)) continue;
    await client.query('BEGIN');
    try {
      const reason = await tryOne(onRows, schema, client);
      if (reason !== undefined) notTried.push(`The ${nameOf(onRows)} was not tried on rows: ${reason}.`);
    } finally {
      await client.query('ROLLBACK');
    }
  }
  return notTried;
}

/** A trigger has the privileges of the role that writes the row. */
export function readingElsewhere(steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ onRows }) => {
    const reads = classify(onRows?.fills ?? '').some((expression) => expression.mentions('SELECT'));
    return onRows === undefined || !reads
      ? []
      : [
          `The ${nameOf(onRows)} reads other tables with the privileges of the role that writes the row: the app's role needs SELECT on them.`,
        ];
  });
}

function nameOf({ table, routine, column }: OnRows): string {
  const of =
    column === undefined ? describeObject(table) : columnPath(objectId('column', table.schema, column, table.name));
  return routine === undefined ? `backfill of ${of}` : `trigger ${routine.split('.').at(-1) ?? ''} of ${of}`;
}

async function tryOne(onRows: OnRows, schema: Schema, client: SqlClient): Promise<string | undefined> {
  const { table, routine, column, source, update, pair } = onRows;
  const columns = columnsOf(table, schema).filter((id) => columnOf(schema, id)?.automatic === false);
  const copy = `CREATE TEMP TABLE ${probe} (LIKE ${tableSql(table)} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY)`;
  const on = {
    columns,
    schema,
    ...(source !== undefined && column !== undefined && { converted: { from: source, into: column } }),
  };
  const unlike =
    (await attempt(copy, client)) ??
    (await attempt(insertOf(on, 1), client)) ??
    (await attempt(`DELETE FROM pg_temp.${probe}`, client));
  if (unlike !== undefined) return unfillable(columns, schema, unlike);
  if (routine !== undefined) {
    const create = `CREATE TRIGGER row BEFORE INSERT OR UPDATE ON pg_temp.${probe} FOR EACH ROW EXECUTE FUNCTION ${routine}()`;
    // It exists only within the file.
    if ((await attempt(create, client)) !== undefined) return undefined;
  }
  const [old, now] = pair?.map(quoteName) ?? [];
  for (const sql of statementsOn(onRows, on)) {
    const error = await attempt(sql, client);
    // An UPDATE may qualify its table with a schema that does not contain the copy.
    const isOurs = update !== undefined && codeOf(error) === '42P01';
    if (error !== undefined && wrong.has(codeOf(error) ?? '') && !isOurs) throw failed(onRows, error);
    if (error !== undefined) return messageOf(error);
    if (old === undefined || now === undefined) continue;
    const { rows } = await client.query(
      `SELECT 1 FROM pg_temp.${probe} WHERE ROW(${old})::record *<> ROW(${now})::record`,
    );
    if (rows.length > 0) throw failed(onRows, `${old} and ${now} differ after an ${sql.slice(0, sql.indexOf(' '))}`);
  }
  return undefined;
}

interface Probe {
  readonly columns: readonly ObjectId[];
  readonly schema: Schema;
  /** A column, and the one that gets its converted values. */
  readonly converted?: { readonly from: string; readonly into: string };
}

/** Inserts, updates and deletes through the old and the new name. */
function statementsOn({ table, routine, column, update, pair }: OnRows, on: Probe): readonly string[] {
  const insert = (n: number, without?: string): string => insertOf(on, n, without, pair);
  const set = (assignment: string): string => `UPDATE pg_temp.${probe} SET ${assignment}`;
  const sameName = on.columns.slice(0, 1).map(({ name = '' }) => `${quoteName(name)} = ${quoteName(name)}`);
  const value = (name: string): string =>
    placeholderOfRow(objectId('column', table.schema, name, table.name), on.schema).replace(/\bn\b/g, '2');
  return [
    ...[1, 2, 3].flatMap((n) => (pair ? [insert(n, pair[1]), insert(n, pair[0])] : [insert(n, column)])),
    ...(pair ?? []).map((name) => set(`${quoteName(name)} = ${value(name)}`)),
    ...(update === undefined ? [] : [`UPDATE pg_temp.${probe} AS ${quoteName(table.name ?? '')} ${update}`]),
    ...(routine === undefined ? [] : [set(sameName.join())]),
    `DELETE FROM pg_temp.${probe}`,
  ];
}

/** The third row has NULL wherever there may be one; a column and the one that a trigger keeps the same have it both or neither. */
function insertOf(probed: Probe, n: number, without?: string, pair: readonly string[] = []): string {
  const { columns, schema } = probed;
  const isRequired = (id: ObjectId): boolean => columnOf(schema, id)?.notNull !== false;
  const neverNull = columns.some((id) => pair.includes(id.name ?? '') && isRequired(id)) ? pair : [];
  const given = columns.filter(({ name = '' }) => name !== without);
  const values = given.map((id) =>
    n < 3 || isRequired(id) || neverNull.includes(id.name ?? '') ? valueFor(id, probed) : 'NULL',
  );
  const names = given.map(({ name = '' }) => quoteName(name));
  return `INSERT INTO pg_temp.${probe} (${names.join(', ')}) SELECT ${values.join(', ')} FROM (SELECT ${n} AS n) AS number`;
}

/** A text that is converted, for example into an enum, is a value of the new type. */
function valueFor(id: ObjectId, { schema, converted }: Probe): string {
  const type = columnOf(schema, id)?.type ?? '';
  const heir = converted && id.name === converted.from ? { ...id, name: converted.into } : undefined;
  if (heir === undefined || !schema.has(heir) || !/^(?:text|character)/.test(type)) return placeholderOfRow(id, schema);
  return `(${placeholderOfRow(heir, schema)})::${type}`;
}

/** The columns whose types have no test value. */
function unfillable(columns: readonly ObjectId[], schema: Schema, error: unknown): string {
  const types = columns.filter((id) => placeholder(id, schema).startsWith(`''::`));
  const known = /^(?:text|character|name|bytea|tsvector|tsquery|public\.(?:citext|hstore|ltree))/;
  const unknown = types.filter((id) => !known.test(columnOf(schema, id)?.type ?? ''));
  const named = unknown.map((id) => `${columnPath(id)} (${columnOf(schema, id)?.type ?? ''})`);
  return named.length === 0 ? messageOf(error) : `there is no test value for ${named.join(', ')}`;
}

const onRow = new WeakSet<object>();

/** Whether it failed on a row, so that no other order of the steps would help. */
export function failedOnRow(error: object): boolean {
  return onRow.has(error);
}

function failed(onRows: OnRows, error: unknown): MigrateError {
  const failure = new MigrateError({
    code: 'PROOF_FAILED',
    message: `The ${nameOf(onRows)} failed on a test row: ${typeof error === 'string' ? error : messageOf(error)}${typeof error === 'string' ? '' : ` (${codeOf(error) ?? ''})`}. Nothing was written.`,
    next: 'If the expression comes from --backfill, --using or @Backfill, correct it; otherwise please report it, with the entities concerned.',
    cause: error,
  });
  onRow.add(failure);
  return failure;
}
