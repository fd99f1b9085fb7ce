import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import type { QueryRunner } from 'typeorm';
import { putOwn } from '../typeorm/own-methods.js';
import { hashOf } from './cache.js';
import type { Origin } from './origins.js';

/**
 * What a migration sent, and what the database answered. If its code sends the same again when it gets the same answers, it leads from the
 * same state to the same state, whatever the code is.
 */
export interface Transcript extends Told {
  /** What the class says about the origin of its objects. */
  readonly origin: Origin | undefined;
}

interface Told {
  /** One for each text with its values. */
  readonly sent: readonly string[];
  /** As bytes, because the code may change what it gets. */
  readonly answers: readonly Uint8Array[];
}

/** The part of the answer of `pg` that TypeORM and migrations use. */
export interface Answer {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: readonly unknown[];
}

/** Does the work of a migration, which sends its queries on the connection of this query runner. */
export type Around = (queryRunner: QueryRunner, work: () => Promise<unknown>) => Promise<unknown>;

/** Answers in place of the database. Returns whether the migration sends exactly what is in the transcript. */
export async function isSentAgain(
  { sent, answers }: Told,
  queryRunner: QueryRunner,
  work: () => Promise<unknown>,
): Promise<boolean> {
  let [at, differs] = [0, false];
  const take: Take = (given) => {
    const bytes = answers[at];
    const statement = statementIn(given);
    differs ||= statement === undefined || sent[at] !== keyOfStatement(statement, queryRunner);
    if (differs || bytes === undefined) return Promise.reject(new SendsOther('It sends something else now'));
    at += 1;
    return Promise.resolve(deserialize(bytes));
  };
  // An error may come from the code itself, which the replay then reports.
  await aroundQueries(queryRunner, take, work).catch(() => (differs = true));
  return !differs && at === sent.length;
}

class SendsOther extends Error {}

/** A text and its values, as `pg` accepts them. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

export type Query = (sql: string) => Promise<Answer>;

/** Hears of each statement, and may itself send queries that are not taken down. */
type Listener = (statement: Statement, answers: readonly Answer[], query: Query) => Promise<void>;

/** Takes down a transcript; undefined if something cannot be repeated: a failed query, a stream, a value of a class. */
export async function transcribe(
  queryRunner: QueryRunner,
  work: () => Promise<unknown>,
  onAnswer: Listener,
): Promise<Told | undefined> {
  const [sent, answers]: [string[], Uint8Array[]] = [[], []];
  let isWhole = true;
  const take: Take = async (given, query) => {
    const statement = statementIn(given);
    const raw = await query(...given).catch((error: unknown) => {
      isWhole = false;
      throw error;
    });
    const found = statement && answersIn(raw);
    isWhole &&= found !== undefined;
    if (statement === undefined || found === undefined) return raw;
    sent.push(keyOfStatement(statement, queryRunner));
    answers.push(serialize(Array.isArray(raw) ? found : found[0]));
    await onAnswer(statement, found, query as Query);
    return raw;
  };
  await aroundQueries(queryRunner, take, work);
  return isWhole ? { sent, answers } : undefined;
}

type Send = (...given: readonly unknown[]) => Promise<unknown>;
type Take = (given: readonly unknown[], query: Send) => Promise<unknown>;

/** Everything that the migration sends uses this connection, which `shareWithOthers` also gives to other query runners and to the pool. */
async function aroundQueries(queryRunner: QueryRunner, take: Take, work: () => Promise<unknown>): Promise<unknown> {
  const client = (await queryRunner.connect()) as { readonly query: Send };
  const query = client.query.bind(client);
  const restore = putOwn(client, { query: (...given: readonly unknown[]) => take(given, query) });
  try {
    return await work();
  } finally {
    restore();
  }
}

/** Undefined for anything else that `pg` accepts: a stream, a prepared query, a callback. */
function statementIn(given: readonly unknown[]): Statement | undefined {
  const [sql, values = [], ...more] = given;
  const isPlain = typeof sql === 'string' && Array.isArray(values) && more.length === 0 && isRepeatable(values);
  return isPlain ? { sql, values } : undefined;
}

/** A query in a transaction is not the same as one outside of it. */
function keyOfStatement({ sql, values }: Statement, { isTransactionActive }: QueryRunner): string {
  return hashOf([isTransactionActive ? 'in' : 'out', sql, serialize(values).toString('base64')]);
}

function answersIn(raw: unknown): readonly Answer[] | undefined {
  const found = (Array.isArray(raw) ? raw : [raw]) as readonly (Answer | undefined)[];
  const answers = found.flatMap((one) =>
    one !== undefined && isRepeatable(one.rows)
      ? [{ command: one.command, rowCount: one.rowCount, rows: one.rows }]
      : [],
  );
  return answers.length === found.length ? answers : undefined;
}

/** Whether a value is the same after it was stored. Objects are tested by shape, since `Object` is a different one in Jest. */
function isRepeatable(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null || types.isDate(value) || Buffer.isBuffer(value)) return true;
  if (Array.isArray(value)) return value.every(isRepeatable);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain && Object.values(value).every(isRepeatable);
}
