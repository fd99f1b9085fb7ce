import type { QueryRunner } from 'typeorm';
import { Turns } from '../database/turns.js';
import { clauseOf, codeOf } from '../errors.js';
import type { Instantiate, LoadedMigration } from '../files/migration.js';
import { differences } from '../schema/fingerprint.js';
import type { MadeAgain } from './given.js';
import { look, lookAside, lookAt } from './look.js';
import type { Look } from './look.js';
import { describeObject, objectId } from '../schema/object-id.js';
import { classify } from '../sql/index.js';
import { believe } from '../typeorm/query-runner.js';
import { noticeEnd, replayOne, withQueryRunner } from './replay.js';
import { settledDifferences } from './settled-differences.js';
import type { ConnectedShadow } from './connected.js';

/** The result of a migration's `down`, executed right after its `up`. */
/** The resulting schema, and the objects that its `up` has created although the initial state contains them. */
export type TriedMigration = WayBack & { readonly madeAgain?: readonly MadeAgain[] };

export type WayBack =
  | { readonly leads: 'back' }
  /** There is no down, or it throws deliberately. */
  | { readonly leads: 'nowhere'; readonly reason: string }
  | { readonly leads: 'elsewhere'; readonly differences: readonly string[] }
  | { readonly leads: 'into-error'; readonly reason: string };

export interface ThereAndBack {
  readonly after: Look;
  readonly wayBack: WayBack;
  /** Whether the shadow is now in the state after the migration, as after a run. */
  readonly intact: boolean;
}

/**
 * Executes the up of a migration, and its down to see where that leads. The shadow ends in the state after the `up`: a `down` in a
 * transaction is rolled back, and any other is followed by another `up`. So a wrong migration does not affect the earlier ones.
 */
export async function thereAndBack(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  before: Look,
  instantiate: Instantiate,
): Promise<ThereAndBack> {
  await replayOne(shadow, migration, instantiate);
  return wayBackOf(shadow, migration, before, instantiate);
}

/** The same for a migration whose `up` has just been executed. */
export async function wayBackOf(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  before: Look,
  instantiate: Instantiate,
): Promise<ThereAndBack> {
  const after = await lookAt(shadow, before);
  const tried = await tryDown(shadow, migration, before, after, instantiate);
  const intact = tried.rolledBack || (await upAgain(shadow, migration, after, instantiate));
  return { after, wayBack: tried.wayBack, intact };
}

interface TriedDown {
  readonly wayBack: WayBack;
  readonly rolledBack: boolean;
}

function tryDown(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  before: Look,
  after: Look,
  instantiate: Instantiate,
): Promise<TriedDown> {
  return withQueryRunner(shadow, async (queryRunner) => {
    const { down, transaction } = await migration.prepare(queryRunner, instantiate, 'trial');
    if (down === undefined) return { wayBack: { leads: 'nowhere', reason: 'it has no down' }, rolledBack: true };
    const isAlone = transaction === false;
    const endedTransaction = noticeEnd(queryRunner);
    if (!isAlone) await queryRunner.startTransaction();
    const execute = async (): Promise<void> => {
      await new Turns(queryRunner).during(() => down(queryRunner));
      if (isAlone || !endedTransaction()) return;
      // As a run does with the rest of it.
      await queryRunner.query('COMMIT');
      believe(queryRunner, 'none');
    };
    const wayBack = await whereTo(execute, before, after, queryRunner, goneAsWell(migration, shadow));
    // A migration that commits by itself leaves nothing to roll back.
    const rolledBack = !isAlone && !endedTransaction();
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
    return { wayBack, rolledBack };
  });
}

/** The `down` drops objects that its `up` has created although the initial state contains them. */
function goneAsWell({ name }: LoadedMigration, { given }: ConnectedShadow): ReadonlySet<string> {
  const schemas = given.madeAgainBy(name).flatMap(({ sql }) => {
    const [made] = classify(sql);
    return made?.command === 'CREATE SCHEMA' ? [objectId('schema', undefined, made.name?.[0] ?? '')] : [];
  });
  return new Set(schemas.map((id) => `${describeObject(id)} is missing`));
}

async function whereTo(
  down: () => Promise<unknown>,
  before: Look,
  after: Look,
  queryRunner: QueryRunner,
  own: ReadonlySet<string>,
): Promise<WayBack> {
  try {
    await down();
    if (queryRunner.isTransactionActive) await queryRunner.query('SET CONSTRAINTS ALL IMMEDIATE');
  } catch (error) {
    return refusal(error) ?? { leads: 'into-error', reason: reasonOf(error) };
  }
  const here = await (queryRunner.isTransactionActive ? look : lookAside)(queryRunner, after);
  const differing = await settledDifferences(before.fingerprint, here.fingerprint, queryRunner);
  const found = differing.filter((one) => !own.has(one));
  return found.length === 0 ? { leads: 'back' } : { leads: 'elsewhere', differences: found };
}

async function upAgain(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  after: Look,
  instantiate: Instantiate,
): Promise<boolean> {
  try {
    await replayOne(shadow, migration, instantiate);
    return differences(after.fingerprint, (await lookAt(shadow, after)).fingerprint).length === 0;
  } catch {
    return false;
  }
}

const mistakes = new Set(['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError', 'AssertionError']);
const raisedInSql = 'P0001';

/** `throw new Error('cannot be undone')`, or RAISE EXCEPTION: a deliberate refusal. */
export function refusal(error: unknown): WayBack | undefined {
  const code = codeOf(error);
  const isMistake =
    mistakes.has((error as { readonly name?: string } | undefined)?.name ?? '') || isThrownByTypeorm(error);
  if (code === undefined ? isMistake : code !== raisedInSql) return undefined;
  return { leads: 'nowhere', reason: `its down refuses: ${clauseOf(error)}` };
}

/** TypeORM itself refuses what the `down` asks of it. Known by name, because a project may have several copies of TypeORM. */
function isThrownByTypeorm(error: unknown): boolean {
  if (!(error instanceof Object)) return false;
  return error.constructor.name === 'TypeORMError' || isThrownByTypeorm(Object.getPrototypeOf(error));
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return clauseOf(error) + (code === undefined ? '' : ` (${code})`);
}
