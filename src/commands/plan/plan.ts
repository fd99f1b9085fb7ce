import { abortable } from '../../database/cancel.js';
import { withClient } from '../../database/client.js';
import type { SqlClient } from '../../database/sql-client.js';
import type { KnownMigration } from '../../files/migration.js';
import { foundSchemas, searchPathOf, withFoundSchemas } from '../../shadow/search-path.js';
import { list, survey } from '../context.js';
import type { CommandContext, Survey } from '../context.js';
import { ofDatabase } from '../../snapshot/of-database.js';
import { planRun, withLoadedPhases } from '../phases.js';
import type { Relation } from '../../observe/relation.js';
import { askPromise, readPace, readSizes, usualPace } from './ask-live.js';
import type { Answer } from './ask-live.js';
import { askServer } from './ask-server.js';
import type { PlannedMigration, PlanOptions, PlanResult, TableSize, Verdict } from './types.js';
import { durationOf } from './duration.js';
import { sum, workOf } from './estimate.js';
import type { Scale, Weighed } from './estimate.js';
import { explain } from './explain.js';
import { extensionsOfRun } from './extensions.js';
import { readInvalidIndexes } from './invalid-indexes.js';
import { judge } from './judge.js';
import { onlyOnCopy } from './only-on-copy.js';
import { observePending } from './observe-pending.js';
import type { ObservedPending, Tried } from './observe-pending.js';
import type { Promised } from './promised.js';
import { promisesOf } from './promises.js';
import { readRoles } from './roles.js';
import { RowChanges } from './row-changes.js';
import { readServerNow } from './server-now.js';

/** Predicts what `run` will do to this database, without changing anything in it. */
export function plan(options: PlanOptions, context: CommandContext): Promise<PlanResult> {
  return abortable(context.signal, () => planned(options, context), 'Nothing was changed.');
}

async function planned(options: PlanOptions, context: CommandContext): Promise<PlanResult> {
  const found = await list(context);
  return withClient(context, async (client) => {
    const first = await survey(client, found, context);
    const now = await withLoadedPhases(first, planRun(first, options, context.settings.contract));
    const { chosen, deferred } = planRun(now, options, context.settings.contract);
    const whole = chosen.filter((migration) => !isHalfDone(migration, now));
    const observed = await observe(whole, options, client, context);
    const relations = tablesOf(observed.tried);
    const tables = await readSizes(client, [...relations.keys()]);
    const server = await readServerNow(client, [...relations.keys()]);
    const [largest] = tables;
    const relation = largest && relations.get(largest.table);
    const pace = relation ? await readPace(client, relation, largest) : usualPace;
    const scale = { sizes: sizesOf(tables, observed.tried), pace };
    const weighed = await weigh(observed.tried, scale, client);
    const isOne = (options.transaction ?? context.settings.transaction) === 'all';
    const judged: PlannedMigration[] = [];
    for (const [index, one] of observed.tried.entries()) {
      const earlier = observed.tried.slice(0, index).flatMap(({ statements }) => statements);
      judged.push(
        judge(one, {
          scale,
          now: server,
          weighed: weighed[index] ?? [],
          answers: await answersFor(one, client, options),
          earlier,
          afterwards: isOne ? weighed.slice(index + 1).flat() : [],
          unlike: observed.unlike,
          refusals: await askServer(client, one, weighed[index] ?? [], earlier),
          onlyOnCopy: await onlyOnCopy(client, one),
        }),
      );
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

async function observe(
  pending: readonly KnownMigration[],
  { shadow }: PlanOptions,
  client: SqlClient,
  context: CommandContext,
): Promise<ObservedPending> {
  if (pending.length === 0) return { tried: [], unlike: [] };
  context.onEvent({ type: 'stage', stage: 'reading the database' });
  const invalidIndexes = await readInvalidIndexes(client);
  const project = withFoundSchemas(context, await foundSchemas(client));
  const found = await context.whileConnected(async (since) => ({
    schema: (await ofDatabase(project)).schema,
    extensions: since === 'before' ? [] : await extensionsOfRun(context.dataSource, client),
  }));
  const live = { ...found, invalidIndexes, roles: await readRoles(client), searchPath: await searchPathOf(client) };
  context.onEvent({ type: 'stage', stage: 'judging the migrations' });
  return observePending(live, pending, project, shadow);
}

function isHalfDone({ name }: KnownMigration, { state }: Survey): boolean {
  return state.halfDone.some(({ migration }) => migration === name);
}

function notJudged(migration: KnownMigration, now: Survey): PlannedMigration {
  const why = isHalfDone(migration, now)
    ? 'It stopped in the middle: run continues after its last finished statement. nest-migrate status shows where.'
    : 'An earlier migration fails, or could not be judged completely.';
  const { name, phase = 'expand' } = migration;
  return { name, phase, verdict: 'cannot be judged', why: [why], remarks: [], statements: [], seconds: null };
}

/** The tables by name. */
function tablesOf(tried: readonly Tried[]): ReadonlyMap<string, Pick<Relation, 'schema' | 'name'>> {
  const used = tried.flatMap(({ statements, tables }) => [
    ...tables.map(({ live }) => live),
    ...statements.flatMap(({ locks, scans, rewrites }) => [
      ...locks.map(({ relation }) => relation),
      ...scans,
      ...rewrites,
    ]),
  ]);
  return new Map(used.map((relation) => [`${relation.schema}.${relation.name}`, relation]));
}

/** Includes the names that tables get during the run. */
function sizesOf(sizes: readonly TableSize[], tried: readonly Tried[]): Scale['sizes'] {
  const found = new Map(sizes.map((size) => [size.table, size]));
  const live = new Map(tried.flatMap(({ tables }) => tables.map((one) => [one.live.oid, one.live] as const)));
  for (const { oid, schema, name } of tried.flatMap(({ statements }) =>
    statements.flatMap(({ tables, locks }) => [...tables.values(), ...locks.map(({ relation }) => relation)]),
  )) {
    const now = live.get(oid);
    const size = now && found.get(`${now.schema}.${now.name}`);
    if (size && !found.has(`${schema}.${name}`)) found.set(`${schema}.${name}`, size);
  }
  return found;
}

/** The work of each statement of each migration, in the order of execution. */
async function weigh(
  tried: readonly Tried[],
  scale: Scale,
  client: SqlClient,
): Promise<readonly (readonly Weighed[])[]> {
  const rows = new RowChanges(scale.sizes);
  const weighed: Weighed[][] = [];
  for (const { statements } of tried) {
    const own: Weighed[] = [];
    for (const statement of statements) {
      const explained = await explain(client, statement);
      const changes = rows.next(statement, explained);
      const seen = { statement, explained, changes };
      own.push({ ...seen, work: workOf(seen, scale), seconds: durationOf(seen, scale) });
    }
    weighed.push(own);
  }
  return weighed;
}

async function answersFor(
  one: Tried,
  client: SqlClient,
  { deep = false }: PlanOptions,
): Promise<ReadonlyMap<Promised, Answer>> {
  const answers = new Map<Promised, Answer>();
  for (const promised of promisesOf(one)) answers.set(promised, await askPromise(client, promised, deep));
  return answers;
}

const order: readonly Verdict[] = ['safe now', 'not known', 'cannot be judged', 'will block', 'will fail'];

function worst(migrations: readonly PlannedMigration[]): Verdict {
  return migrations
    .map(({ verdict }) => verdict)
    .reduce<Verdict>((a, b) => (order.indexOf(a) > order.indexOf(b) ? a : b), 'safe now');
}
