import { cancelled } from '../../database/cancel.js';
import type { SqlClient } from '../../database/sql-client.js';
import { clauseOf, codeOf } from '../../errors.js';
import { filesOfClasses } from '../../files/class-list.js';
import type { KnownMigration, LoadedMigration } from '../../files/migration.js';
import { fillTables } from '../../plan/fill-tables.js';
import type { Unfilled } from '../../plan/fill-tables.js';
import { describeObject } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { readSchema } from '../../schema/read.js';
import type { ConnectedShadow } from '../../shadow/connected.js';
import { replay, replayBack, replayOne } from '../../shadow/replay.js';
import { refusal } from '../../shadow/there-and-back.js';
import { withMigratableShadow } from '../../snapshot/migratable-shadow.js';
import { ownTables } from '../../snapshot/own-tables.js';
import { plainName, sqlTokens } from '../../sql/index.js';
import { choose } from '../lint/choose.js';
import type { CheckFinding, Judged } from './types.js';
import { isBroken, none, notChosen, notJudged, placeOf, rethrowImpossible } from './work.js';
import type { CheckWork } from './work.js';

interface Found {
  readonly findings: readonly CheckFinding[];
  readonly judged: Judged;
}

/** Checks that the new migrations succeed on tables with rows: up, down and up again, on invented rows. */
export async function rowsStep(work: CheckWork): Promise<Found> {
  if (isBroken(work)) return { findings: [notJudged], judged: none };
  const { migrations, options, context } = work;
  try {
    const classFiles = filesOfClasses(context.dataSource);
    const { before, judged, chosen } = await choose(migrations, { since: options.since }, classFiles);
    const findings = judged.length === 0 ? [] : await tryAll(before, judged, work);
    return { findings, judged: { migrations: judged.length, chosen } };
  } catch (error) {
    return { findings: [notChosen(error, work)], judged: none };
  }
}

async function tryAll(
  before: readonly KnownMigration[],
  judged: readonly KnownMigration[],
  { context, options }: CheckWork,
): Promise<readonly CheckFinding[]> {
  return withMigratableShadow(context, { url: options.shadow }, async (shadow) => {
    await replay(shadow, before, context.instantiate);
    const findings: CheckFinding[] = [];
    for (const [index, known] of judged.entries()) {
      if (context.signal.aborted) throw cancelled(context.signal, 'Nothing was changed.');
      const tried = await tryOne(await known.load(), { shadow, context, index });
      findings.push(...tried.findings.map((one) => ({ ...one, migration: known.name, ...placeOf(known.file) })));
      const later = judged.length - index - 1;
      if (tried.goesOn || later === 0) continue;
      const message = `${later === 1 ? 'The migration' : `The ${later} migrations`} after ${known.name} ${later === 1 ? 'was' : 'were'} not tried on rows.`;
      return [...findings, { severity: 'notice', message }];
    }
    return findings;
  });
}

interface Tried {
  readonly findings: readonly CheckFinding[];
  /** Whether the shadow is in the state to which a run of the migration would have led. */
  readonly goesOn: boolean;
}

interface Trial {
  readonly shadow: ConnectedShadow;
  readonly context: CheckWork['context'];
  /** How many migrations were tried before. */
  readonly index: number;
}

async function tryOne(migration: LoadedMigration, { shadow, context, index }: Trial): Promise<Tried> {
  const { instantiate } = context;
  const unfilled = await filled(shadow, ownTables(context), index);
  const directions = [
    ['its up', () => replayOne(shadow, migration, instantiate)],
    ['its down', () => replayBack(shadow, migration, instantiate)],
    ['its up, after its down,', () => replayOne(shadow, migration, instantiate)],
  ] as const;
  const executed: string[] = [];
  for (const [what, execute] of directions) {
    try {
      const statements = await execute();
      // It cannot be reverted, which the step `replay` reports.
      if (statements === undefined) break;
      executed.push(...statements);
    } catch (error) {
      rethrowImpossible(error);
      const isRefusal =
        what === 'its down' && refusal((error as { readonly cause?: unknown }).cause ?? error) !== undefined;
      if (isRefusal) break;
      return { findings: [failedOnRows(migration.name, what, error)], goesOn: false };
    }
  }
  return { findings: unfilled.flatMap((one) => notFilled(migration.name, one, executed)), goesOn: true };
}

/** Fills every table with rows, even if an earlier migration has created it. Returns the tables that stay empty. */
async function filled(
  { pool }: ConnectedShadow,
  ignoreTables: readonly ObjectId[],
  times: number,
): Promise<readonly Unfilled[]> {
  const schema = await readSchema(pool, { ignoreTables });
  const client = (await pool.connect()) as SqlClient & { release(): void };
  try {
    return await fillTables(schema, client, times);
  } finally {
    client.release();
  }
}

/** Whether these fail depends on the values, which are not those of a real database, so they are reported as notices. */
const dependsOnValues = /^(?:23|22P02$|22001$|22003$|22007$)/;

function failedOnRows(name: string, what: string, error: unknown): CheckFinding {
  const { cause = error, sql } = error as { readonly cause?: unknown; readonly sql?: string };
  const code = codeOf(cause);
  const statement = sql === undefined ? '' : `\n  ${sql.trim().split('\n').slice(0, 3).join('\n  ')}`;
  const isNotice = dependsOnValues.test(code ?? '');
  return {
    severity: isNotice ? 'notice' : 'error',
    message: `${name} fails where its tables have rows: ${what} failed: ${clauseOf(cause)}${code === undefined ? '' : ` (${code})`}.${statement}`,
    next: isNotice
      ? 'The rows are made up. If real rows can look like this, correct the migration; nest-migrate plan checks the live database.'
      : 'Correct the migration. testMigration from nest-migrate/testing tries it on your own rows.',
  };
}

/** The unfilled tables that the migration names. */
function notFilled(name: string, { table, reason }: Unfilled, executed: readonly string[]): readonly CheckFinding[] {
  const isConcerned = executed.some((sql) => names(sql, table.name));
  if (!isConcerned) return [];
  const message = `${name} was not tried on rows of ${describeObject(table)}, because no row could be made up: ${reason}.`;
  return [{ severity: 'notice', message }];
}

function names(sql: string, name: string | undefined): boolean {
  return [...sqlTokens(sql)].some(({ kind, text }) => (kind === 'word' || kind === 'name') && plainName(text) === name);
}
