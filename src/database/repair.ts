import { classify, quoteLiteral, quoteName, sqlTokens } from '../sql/index.js';
import type { SqlClass } from '../sql/index.js';
import type { SqlClient } from './sql-client.js';

/** What to do with a statement that was running outside a transaction when its process ended. */
type Verdict = 'done' | 'again' | 'unknown';

/** The traces of a statement that must run alone. */
export interface Trace {
  /** The table or the index on which it holds SHARE UPDATE EXCLUSIVE while it runs. */
  readonly relation: string | undefined;
  /** Called once no session executes the statement any more. What is to be removed before it is executed again is removed by `tidy`. */
  judge(client: SqlClient, tidy: Tidy): Promise<Verdict>;
  /** The invalid indexes that it has left, which `judge` removes. */
  left?(client: SqlClient): Promise<readonly string[]>;
}

/** Executes a statement, which may wait for other sessions. */
type Tidy = (sql: string) => Promise<unknown>;

/** The comment with which users mark a statement that may be executed again, whether it was finished or not. */
const rerunnable = /^..[ \t]*nest-migrate-rerunnable\b/;

const reindex = new Set(['REINDEX INDEX', 'REINDEX TABLE']);
const harmlessAgain = new Set([
  'VACUUM',
  'ANALYZE',
  'CLUSTER',
  'CHECKPOINT',
  'REFRESH MATERIALIZED VIEW',
  'ALTER SYSTEM',
  'REINDEX SCHEMA',
  'REINDEX DATABASE',
  'REINDEX SYSTEM',
]);
/** The catalogs of objects that belong to the whole server. */
const shared: Readonly<Record<string, string>> = {
  DATABASE: 'pg_database WHERE datname',
  TABLESPACE: 'pg_tablespace WHERE spcname',
};

/** Undefined if nothing can be inspected, as with a procedure that commits. */
export function traceOf(sql: string): Trace | undefined {
  const [statement, ...more] = classify(sql);
  const again = (): Promise<Verdict> => Promise.resolve('again');
  // A block tagged `backfill` commits as it goes, and continues with the remaining rows when it is started again.
  if (isRerunnable(sql) || statement?.blockTag === 'backfill') return { relation: undefined, judge: again };
  if (statement === undefined || more.length > 0) return undefined;
  const { command, name, on } = statement;
  if (command === 'CREATE INDEX' && name && on)
    return {
      relation: path(on),
      judge: (client, tidy) => judgeCreatedIndex(client, tidy, name, on),
      left: (client) => invalidIndexes(client, path(on), named(name)),
    };
  if (command === 'DROP INDEX' && name) return { relation: path(name), judge: (client) => judgeDropped(client, name) };
  const detached = command === 'ALTER TABLE' ? statement.nameAfter('DETACH', 'PARTITION') : undefined;
  if (name && detached)
    return { relation: path(name), judge: (client, tidy) => judgeDetached(client, tidy, name, detached) };
  if (name && reindex.has(command)) {
    const relation = statement.concurrently ? path(name) : undefined;
    return {
      relation,
      judge: (client, tidy) => judgeReindexed(client, tidy, relation),
      left: (client) => copiesOf(client, relation),
    };
  }
  if (harmlessAgain.has(command)) return { relation: undefined, judge: again };
  return traceOfShared(statement);
}

function isRerunnable(sql: string): boolean {
  for (const { kind, text } of sqlTokens(sql)) {
    if (kind === 'comment' && rerunnable.test(text)) return true;
    if (kind !== 'comment' && kind !== 'space') return false;
  }
  return false;
}

function traceOfShared({ command, name }: SqlClass): Trace | undefined {
  const [verb, kind = ''] = command.split(' ');
  const where = shared[kind];
  if (!where || !name || (verb !== 'CREATE' && verb !== 'DROP')) return undefined;
  const judge = async (client: SqlClient): Promise<Verdict> => {
    const { rows } = await client.query(`SELECT FROM ${where} = ${quoteLiteral(name.join('.'))}`);
    return rows.length > 0 === (verb === 'CREATE') ? 'done' : 'again';
  };
  return { relation: undefined, judge };
}

/**
 * An interrupted concurrent build leaves an INVALID index, which would stay forever, so it is dropped here.
 * https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
 */
async function judgeCreatedIndex(
  client: SqlClient,
  tidy: Tidy,
  index: readonly string[],
  table: readonly string[],
): Promise<Verdict> {
  const [found] = await indexesOf(client, path(table), named(index));
  if (found === undefined) return 'again';
  if (found['valid'] === true) return 'done';
  await tidy(dropIndex(String(found['index'])));
  return 'again';
}

async function judgeDropped(client: SqlClient, index: readonly string[]): Promise<Verdict> {
  const { rows } = await client.query(`SELECT to_regclass(${path(index)}) IS NULL AS gone`);
  return rows[0]?.['gone'] === true ? 'done' : 'again';
}

/** The copies that REINDEX CONCURRENTLY builds are invalid until they are finished, and the old indexes are invalid afterwards. */
async function judgeReindexed(client: SqlClient, tidy: Tidy, relation: string | undefined): Promise<Verdict> {
  for (const index of await copiesOf(client, relation)) await tidy(dropIndex(index));
  return 'again';
}

async function copiesOf(client: SqlClient, relation: string | undefined): Promise<readonly string[]> {
  return relation === undefined ? [] : invalidIndexes(client, relation, String.raw`c.relname ~ '_cc(new|old)\d*$'`);
}

/** For messages. */
export function describeLeft(index: string): string {
  return `The index ${index} is INVALID: queries do not use it, but every write has to maintain it. The next attempt drops it and builds it again; to drop it before that: ${dropIndex(index)};`;
}

/** The indexes that interrupted or failed statements have left, by migration. */
export async function leftIndexes(
  client: SqlClient,
  rows: readonly { readonly migration: string; readonly in_doubt: string | null }[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const left = new Map<string, readonly string[]>();
  for (const { migration, in_doubt: sql } of rows)
    if (sql !== null) left.set(migration, (await traceOf(sql)?.left?.(client)) ?? []);
  return left;
}

function dropIndex(index: string): string {
  return `DROP INDEX CONCURRENTLY ${index}`;
}

async function invalidIndexes(client: SqlClient, relation: string, condition: string): Promise<readonly string[]> {
  const found = await indexesOf(client, relation, `NOT i.indisvalid AND ${condition}`);
  return found.map(({ index }) => String(index));
}

/** The server truncates a name that is too long. */
function named(index: readonly string[]): string {
  return `c.relname = ${quoteLiteral(index.at(-1) ?? '')}::name`;
}

/** https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION */
async function judgeDetached(
  client: SqlClient,
  tidy: Tidy,
  table: readonly string[],
  partition: readonly string[],
): Promise<Verdict> {
  const { rows } = await client.query(
    `SELECT inhdetachpending AS pending FROM pg_inherits
     WHERE inhparent = to_regclass(${path(table)}) AND inhrelid = to_regclass(${path(partition)})`,
  );
  if (rows[0] === undefined) return 'done';
  if (rows[0]['pending'] !== true) return 'again';
  const [from, detached] = [table, partition].map((name) => name.map(quoteName).join('.'));
  await tidy(`ALTER TABLE ${from} DETACH PARTITION ${detached} FINALIZE`);
  return 'done';
}

/** The indexes of a table, or of the table of an index. */
async function indexesOf(client: SqlClient, relation: string, condition: string) {
  const { rows } = await client.query(
    `SELECT i.indisvalid AS valid, format('%I.%I', n.nspname, c.relname) AS index
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indrelid = coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass(${relation})), to_regclass(${relation})) AND ${condition}`,
  );
  return rows;
}

/** A name as an SQL string for `to_regclass`. */
function path(name: readonly string[]): string {
  return quoteLiteral(name.map(quoteName).join('.'));
}
