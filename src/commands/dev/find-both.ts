import type { Draft, DownStep, StoredAnswers } from '../../database/drafts.js';
import type { InLanguage } from '../../files/language.js';
import type { Step } from '../../plan/step.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { hashOf } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { originKey } from '../../shadow/origins.js';
import type { Origin, OriginMap } from '../../shadow/origins.js';
import { wholeKey } from '../../shadow/replay-key.js';
import type { MigrationText } from '../../shadow/replay-key.js';
import type { Shadow } from '../../shadow/shadow.js';
import { versionsOfEngines } from '../../shadow/versions.js';
import { ofDatabaseCached } from '../../snapshot/of-database.js';
import { ofMigrations, rememberProven } from '../../snapshot/of-migrations.js';
import type { Current } from '../../snapshot/of-migrations.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import type { CommandContext } from '../context.js';
import type { ProvenChange } from '../generate/change.js';
import { findChange, readEntities } from '../generate/find.js';
import type { Found, Nothing, Said } from '../generate/find.js';
import type { GenerateOptions } from '../generate/types.js';
import { refuseUnused } from '../generate/unused-flags.js';
import { flagsOf, noAnswers, withAnswers, withoutTold } from './answers.js';
import type { DevOptions } from './types.js';

export interface Following {
  /** The stored draft, even if a new one begins now. */
  readonly kept: Draft | undefined;
  /** The draft that is rewritten; undefined if a new one begins. */
  readonly draft: Draft | undefined;
  readonly folder: string;
  readonly options: DevOptions & InLanguage;
}

/** The same change twice: the part that this database still needs, and the whole that other databases need. */
export interface Both {
  /** Whether it is known without further work that the draft is up to date. */
  readonly isSettled: boolean;
  /**
   * The steps from the current database to the entities. They are direct rather than online, because only one developer uses the database.
   */
  readonly steps: readonly DownStep[];
  /** The steps among them that may lose data. */
  readonly losses: readonly Step[];
  /** The change from the migrations to the entities, as written to a file; undefined if there is none. */
  readonly file: FileChange | undefined;
  /** The data that this change loses, in words. */
  readonly later: readonly string[];
  readonly warnings: readonly string[];
}

export interface FileChange {
  readonly key: string | undefined;
  readonly change: ProvenChange;
  readonly answers: StoredAnswers;
  readonly before: Schema;
  readonly wanted: Schema;
  readonly isAdopted: boolean;
  readonly project: CommandContext;
  /** Caches the written result, so that it need not be replayed. */
  remember(written: readonly MigrationText[]): Promise<void>;
}

interface Tools {
  readonly shadow: Shadow;
  readonly cache: SchemaCache;
}

/** `project` excludes the draft. */
export async function findBoth({ draft, options }: Following, tools: Tools, project: CommandContext): Promise<Both> {
  const said = await readEntities(tools, options, project);
  const { unmanaged } = said.described;
  const before = await ofMigrations(project, { url: options.shadow, cache: tools.cache, unmanaged });
  const database = async (): Promise<Snapshot> => ({
    ...(await ofDatabaseCached(project)),
    origins: withMade(before.origins, draft),
  });
  const directly: GenerateOptions = { ...options, online: false, renameDirectly: true };
  // These steps are never reverted: the draft's own down leads back.
  const here = await findChange({ ...tools, database, unused: 'left out', ways: 'up' }, said, directly, project);
  const key = keyOf(before, said, options);
  if (!('change' in here) && draft?.key !== undefined && draft.key === key && !isAnswering(options))
    return { isSettled: true, steps: [], losses: [], file: undefined, later: [], warnings: here.warnings };
  const answered =
    'change' in here
      ? withAnswers(draft?.answers ?? noAnswers, here.change.answers, before.schema)
      : (draft?.answers ?? noAnswers);
  const stands = 'change' in here ? here.stands : undefined;
  const flags = merged(flagsOf(withoutTold(answered, said.described.history)), options);
  const there = await findChange({ ...tools, stands, unused: 'left out' }, said, { ...options, ...flags }, project);
  if (options.unused !== 'left out')
    refuseUnused(here.unused.filter(({ flag }) => there.unused.some((other) => other.flag === flag)));
  const { schema: wanted } = await said.wanted;
  const isAdopted = draft?.isAdopted ?? hasMade((await ofDatabaseCached(project)).schema, wanted, before.schema, draft);
  return {
    isSettled: false,
    steps: 'change' in here ? here.change.files.map(directStep) : [],
    losses: 'change' in here ? here.change.losses : [],
    file:
      'change' in there
        ? fileChange(there, { key, answered, before, wanted, isAdopted, project, tools, unmanaged })
        : undefined,
    later: 'change' in there ? [...new Set(there.change.losses.flatMap(({ loses }) => loses ?? []))] : [],
    warnings: warningsOf(there),
  };
}

interface Sides {
  readonly key: string | undefined;
  readonly answered: StoredAnswers;
  readonly before: Snapshot;
  readonly wanted: Schema;
  readonly isAdopted: boolean;
  readonly project: CommandContext;
  readonly tools: Tools;
  readonly unmanaged: readonly ObjectId[];
}

function fileChange(
  { change, chain, next }: Found,
  { key, answered, before, wanted, isAdopted, project, tools, unmanaged }: Sides,
): FileChange {
  const now = withAnswers(noAnswers, change.answers, before.schema);
  const answers = {
    ...now,
    // Answers that hold for every database are kept too, such as that a column has no NULL.
    backfills: { ...answered.backfills, ...Object.fromEntries(change.answers.backfills) },
    usings: { ...answered.usings, ...now.usings },
  };
  const remember = async (written: readonly MigrationText[]): Promise<void> => {
    // What handmade objects read like afterwards is read when the migrations are replayed.
    if (chain && next && !change.rewords)
      await rememberProven({ chain, written, snapshot: next() }, project, { cache: tools.cache, unmanaged });
  };
  return { key, change, answers, before: before.schema, wanted, isAdopted, project, remember };
}

/** Whether the database has a table that the change creates, and that no earlier version of the draft has created there. */
function hasMade(database: Schema, wanted: Schema, before: Schema, draft: Draft | undefined): boolean {
  const made = new Set(draft?.made);
  return wanted.objects.some(
    ({ id }) => id.kind === 'table' && !before.has(id) && database.has(id) && !made.has(originKey(id)),
  );
}

/** A key of everything that determines a draft, except for the user's answers. */
function keyOf({ chain }: Current, { described }: Said, options: Following['options']): string | undefined {
  const migrations = chain && wholeKey(chain);
  if (migrations === undefined) return undefined;
  const { statements, history } = described;
  const { renames, backfills } = history;
  const { language, moduleKind, dir, targetVersion, ignore, online } = options as typeof options & GenerateOptions;
  const chosen = { renames, backfills: [...backfills], language, moduleKind, dir, targetVersion, ignore, online };
  return hashOf([...versionsOfEngines(), migrations, JSON.stringify(chosen), ...statements]);
}

function isAnswering({ name, renames, drops, keeps, backfills, usings, storedTimezone }: DevOptions): boolean {
  const flags = [renames, drops, keeps, backfills, usings].some((given = []) => given.length > 0);
  return flags || name !== undefined || storedTimezone !== undefined;
}

/** Marks the objects of the draft as generated, so that a later version of it may drop them. */
function withMade(origins: OriginMap, draft: Draft | undefined): OriginMap {
  return new Map<string, Origin>([...origins, ...(draft?.made ?? []).map((key) => [key, 'generated'] as const)]);
}

function directStep({ transaction, steps }: ProvenChange['files'][number]): DownStep {
  return { transaction, statements: steps.map(({ sql }) => sql) };
}

function merged(kept: ReturnType<typeof flagsOf>, given: DevOptions): ReturnType<typeof flagsOf> {
  const both = (key: 'renames' | 'drops' | 'keeps' | 'backfills' | 'usings'): readonly string[] => [
    ...new Set([...(kept[key] ?? []), ...(given[key] ?? [])]),
  ];
  return {
    renames: both('renames'),
    drops: both('drops'),
    keeps: both('keeps'),
    backfills: both('backfills'),
    usings: both('usings'),
    storedTimezone: given.storedTimezone ?? kept.storedTimezone,
  };
}

function warningsOf(there: Found | Nothing): readonly string[] {
  return 'change' in there ? there.change.told.warnings : there.warnings;
}
