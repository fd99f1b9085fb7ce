import { abortable } from '../../database/cancel.js';
import type { Stage } from '../../events.js';
import { differences, isMember, isPartOf } from '../../schema/differences.js';
import type { Fact } from '../../schema/engine.js';
import { keyOf, objectId } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { setAside } from '../../schema/set-aside.js';
import { initialSessionOf } from '../../shadow/initial-session.js';
import { originIn } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import { withEntities } from '../../shadow/with-entities.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { ofTheseMigrations } from '../../snapshot/of-migrations.js';
import { unmanagedTables } from '../../snapshot/own-tables.js';
import { frozenMoments } from '../../snapshot/frozen-moments.js';
import { withPresentDefaults } from '../../snapshot/same-defaults.js';
import { inSameWords } from '../../snapshot/same-words.js';
import { list } from '../context.js';
import { refuseUnmatched } from '../entities.js';
import type { CommandContext, Survey } from '../context.js';
import type { DriftedObject, DriftOptions, DriftResult } from './types.js';
import { appliedMigrations } from './expected.js';
import { foreignTo, ignoring, remarksOnIdle } from '../ignore.js';
import type { Ignored } from '../ignore.js';
import { readLive } from './live.js';
import { objectsOf } from './objects.js';
import { othersIn, othersWarning } from './others.js';
import type { Others } from './others.js';
import { statementsBetween } from './statements.js';

/** Compares the database with its applied migrations. Reads only. */
export function drift(options: DriftOptions, context: CommandContext): Promise<DriftResult> {
  return abortable(context.signal, () => differing(options, context), 'Nothing was changed.');
}

async function differing(options: DriftOptions, context: CommandContext): Promise<DriftResult> {
  // Mistyped patterns are reported before anything that takes time.
  const ignored = ignoring(context.settings.ignore, options.ignore ?? []);
  const stage = (now: Stage): void => context.onEvent({ type: 'stage', stage: now });
  stage('reading the database');
  const live = await readLive(context, await list(context));
  const { project } = live;
  const applied = appliedMigrations(live.survey);
  const { schema: unnamed } = initialSessionOf(project);
  const [unmanaged, frozen] = await withEntities(project, async (entities) => {
    await refuseUnmatched({ source: context.dataSource, loaded: entities, cwd: process.cwd() });
    return [unmanagedTables(entities, unnamed), frozenMoments(entities, unnamed)] as const;
  });
  const url = options.shadow;
  const cache = cacheFor(options);
  stage('replaying the migrations');
  const replayed = await ofTheseMigrations(applied.migrations, project, { url, cache, unmanaged: [] });
  const { origins } = replayed;
  const said = withPresentDefaults(live.schema, replayed.schema, { frozen, uuids: [] });
  stage('comparing the schemas');
  const { schema: has, warnings: wording } = await inSameWords(said, live.schema, project, {
    url,
    cache,
    searchPath: live.searchPath,
  });
  const others = othersIn(live.survey, said, has);
  const isAside = asideOf(said, has, ignored, { unmanaged, origins, others });
  const expected = setAside(said, has, isAside);
  const found = differences(expected, has);
  const objects = objectsOf(found, expected, has);
  const statements =
    found.length > 0 ? await statementsBetween(expected, has) : { repair: [], adopt: [], losses: [], warnings: [] };
  return {
    drift: objects,
    repair: statements.repair,
    adopt: statements.adopt,
    losses: statements.losses,
    ignored: leftAlone(said, has, objects),
    warnings: [
      ...remarks(live.survey, live.edited),
      ...othersWarning(others),
      ...applied.warnings,
      ...wording,
      ...statements.warnings,
      ...remarksOnIdle(ignored, [said, has]),
    ],
  };
}

interface Unasked {
  readonly unmanaged: readonly ObjectId[];
  readonly origins: OriginMap;
  readonly others: Others;
}

/**
 * Selects objects that are not compared: objects that the user ignores, and objects that belong in the database although no migration
 * creates them, such as the initial state, extensions of the server, tables of entities that are not synchronized, and objects that may
 * belong to another service.
 */
function asideOf(
  said: Schema,
  has: Schema,
  ignored: Ignored,
  { unmanaged, origins, others }: Unasked,
): (fact: Fact, schema: Schema) => boolean {
  const unmanagedKeys = new Set(unmanaged.map(keyOf));
  const ofExtensions = new Set(
    has.objects.flatMap(({ id, is }) =>
      id.kind === 'extension' ? [keyOf(objectId('schema', undefined, String(is['schema'])))] : [],
    ),
  );
  const isForeign = ({ id }: Fact): boolean =>
    (id.kind === 'extension' || unmanagedKeys.has(keyOf(id)) || isOnlyFor(id, ofExtensions, has)) && !said.has(id);
  const isOthers = foreignTo(said);
  // Only the object itself: objects that migrations create inside a schema of the initial state are compared.
  const isInitial = ({ id }: Fact): boolean => originIn(origins, id) === 'initial';
  return (fact, schema) =>
    isInitial(fact) ||
    isPartOf(
      fact,
      schema,
      (one) => isForeign(one) || isOthers(one) || ignored.names(one) || others.mayOwn(one, schema),
    );
}

/** Whether a schema contains only extensions. */
function isOnlyFor(id: ObjectId, ofExtensions: ReadonlySet<string>, has: Schema): boolean {
  return ofExtensions.has(keyOf(id)) && has.childrenOf(id).every((child) => isMember(child.id, has));
}

function leftAlone(said: Schema, has: Schema, compared: readonly DriftedObject[]): readonly string[] {
  const told = new Set(compared.map(({ object }) => object));
  return objectsOf(differences(said, has), said, has)
    .map(({ object }) => object)
    .filter((object) => !told.has(object));
}

/** Remarks on the migrations that a reader of the differences needs to know. */
function remarks({ state }: Survey, edited: readonly string[]): readonly string[] {
  const nothing =
    'No migration is applied to this database, so every object is unexpected: `nest-migrate baseline` adopts an existing database.';
  return [
    ...(state.applied.length === 0 ? [nothing] : []),
    ...state.halfDone.map(
      ({ migration, direction, statements_done: done }) =>
        `${migration} stopped in the middle (${direction}) after ${many(done)}: the differences include its effects so far. The next ${direction === 'up' ? 'run' : 'revert'} continues there.`,
    ),
    ...edited.map((name) => `${name} was edited after it was applied: its current version is compared.`),
  ];
}

function many(statements: number): string {
  return `${statements} statement${statements === 1 ? '' : 's'}`;
}
