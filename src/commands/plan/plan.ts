import { abortable } from '../../database/cancel.js';
import { withReader } from '../../database/client.js';
import type { SqlClient } from '../../database/client.js';
import type { KnownMigration } from '../../files/migration.js';
import type { Observed } from '../../observe/observer.js';
import { list, survey } from '../context.js';
import type { CommandContext, Survey } from '../context.js';
import { ownSide } from '../generate/side.js';
import { planRun } from '../phases.js';
import { askPromise, explain, readSizes, scanSpeed } from './ask-live.js';
import type { Answer } from './ask-live.js';
import type { PlannedMigration, PlannedStatement, PlanOptions, PlanResult, Verdict } from './contract.js';
import { sum } from './estimate.js';
import { judge } from './judge.js';
import { observePending } from './observe-pending.js';
import type { Tried } from './observe-pending.js';
import { promisesOf } from './promises.js';
import type { Promised } from './promises.js';
import { readServerNow } from './server-now.js';

/** What `run` will do to this database, without changing anything in it. */
export function plan(options: PlanOptions, context: CommandContext): Promise<PlanResult> {
  return abortable(context.signal, () => planned(options, context), 'Nothing was changed.');
}

async function planned(options: PlanOptions, context: CommandContext): Promise<PlanResult> {
  const found = await list(context);
  const now = await withReader(context, (client) => survey(client, found, context));
  const { chosen, deferred } = planRun(now, options, context.settings.contract);
  const whole = chosen.filter((migration) => !isHalfDone(migration, now));
  const tried =
    whole.length === 0 ? [] : await observePending((await ownSide(context)).schema, whole, context, options.shadow);
  return withReader(context, async (client) => {
    const names = tablesOf(tried);
    const tables = await readSizes(client, names);
    const server = await readServerNow(client, names);
    const scale = {
      sizes: new Map(tables.map((size) => [size.table, size])),
      speed: await scanSpeed(client, tables[0]),
    };
    const judged: PlannedMigration[] = [];
    for (const one of tried) {
      const answers = await answersFor(one, tried, client, options);
      const explained = await explanationsOf(one, client);
      judged.push(judge(one, { scale, now: server, answers, explained }));
    }
    const migrations = chosen.map(
      (migration) => judged.find(({ name }) => name === migration.name) ?? notJudged(migration, now),
    );
    const rewritten = new Set(judged.flatMap(({ statements }) => statements.flatMap(({ rewrites }) => rewrites)));
    return {
      migrations,
      deferred: deferred.map(({ migration }) => migration.name),
      tables,
      now: server,
      diskBytes: sum(
        tables.filter(({ table }) => rewritten.has(table)).map(({ bytes, indexBytes }) => bytes + indexBytes),
      ),
      verdict: worst(migrations),
    };
  });
}

function isHalfDone({ name }: KnownMigration, { state }: Survey): boolean {
  return state.halfDone.some(({ migration }) => migration === name);
}

function notJudged(migration: KnownMigration, now: Survey): PlannedMigration {
  const why = isHalfDone(migration, now)
    ? 'It stopped in the middle: run goes on behind its last finished statement. nest-migrate status says where.'
    : 'One before it fails.';
  const { name, phase = 'expand' } = migration;
  return { name, phase, verdict: 'cannot be judged', why: [why], remarks: [], statements: [], seconds: 0 };
}

function tablesOf(tried: readonly Tried[]): readonly string[] {
  const used = tried.flatMap(({ statements, tables }) => [
    ...tables.map(({ before }) => before),
    ...statements.flatMap(({ locks, scans, rewrites }) => [
      ...locks.map(({ relation }) => relation),
      ...scans,
      ...rewrites,
    ]),
  ]);
  return [...new Set(used.map(({ schema, name }) => `${schema}.${name}`))];
}

/** Only of rows that are as they are now: what an earlier migration of the same run changes, nobody can ask about yet. */
async function answersFor(
  one: Tried,
  tried: readonly Tried[],
  client: SqlClient,
  { deep = false }: PlanOptions,
): Promise<ReadonlyMap<Promised, Answer>> {
  const earlier = tried.slice(0, tried.indexOf(one));
  const changed = new Set(earlier.flatMap(({ tables }) => tables.map(({ before }) => before.oid)));
  const answers = new Map<Promised, Answer>();
  for (const promised of promisesOf(one)) {
    const answer = await askPromise(client, promised, deep);
    // Its column may come with an earlier one, which fills it as well.
    if (answer !== 'not known' || !changed.has(promised.table.oid)) answers.set(promised, answer);
  }
  return answers;
}

async function explanationsOf(
  { statements }: Tried,
  client: SqlClient,
): Promise<ReadonlyMap<Observed, PlannedStatement['explained']>> {
  const explained = new Map<Observed, PlannedStatement['explained']>();
  for (const statement of statements) {
    const found = await explain(client, statement);
    if (found) explained.set(statement, found);
  }
  return explained;
}

const order: readonly Verdict[] = ['safe now', 'cannot be judged', 'will block', 'will fail'];

function worst(migrations: readonly PlannedMigration[]): Verdict {
  return migrations
    .map(({ verdict }) => verdict)
    .reduce<Verdict>((a, b) => (order.indexOf(a) > order.indexOf(b) ? a : b), 'safe now');
}
