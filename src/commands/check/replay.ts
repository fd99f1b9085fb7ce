import { countStage } from '../../events.js';
import { cancelled } from '../../database/cancel.js';
import type { KnownMigration } from '../../files/migration.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { chainOf, executing } from '../../shadow/replay-key.js';
import { replay } from '../../shadow/replay.js';
import { lookAt } from '../../shadow/look.js';
import { thereAndBack } from '../../shadow/there-and-back.js';
import type { TriedMigration, WayBack } from '../../shadow/there-and-back.js';
import type { CheckFinding } from './types.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { beginningOf, withMigratableShadow } from '../../snapshot/migratable-shadow.js';
import { findingOf, isBroken, notJudged, placeOf, rethrowImpossible, shortened } from './work.js';
import type { CheckWork } from './work.js';

/** Checks that every migration runs on an empty database, and that its down restores the previous state. */
export async function replayStep(work: CheckWork): Promise<readonly CheckFinding[]> {
  if (isBroken(work)) return [notJudged];
  const { migrations } = work;
  const chain = chainOf(migrations, await beginningOf(work.context));
  const cache = cacheFor(work.options);
  const proven = await proofOf(chain.keys, cache);
  const ways = [...proven];
  const { value: end, isSure } = await executing([chain], () => judgeAll(ways, work));
  const known = Math.min(chain.keys.length - 1, ways.length);
  if (known > proven.length && isSure) await cache.set(keyOfProof(chain.keys[known] ?? ''), ways.slice(0, known));
  const findings = ways.flatMap((way, index) => {
    const migration = migrations[index] as KnownMigration;
    return [...madeAgainFindings(migration, way), ...wayBackFindings(migration, way)];
  });
  return [...findings, ...(end ? [end] : [])];
}

async function judgeAll(ways: TriedMigration[], work: CheckWork): Promise<CheckFinding | undefined> {
  let end: CheckFinding | undefined;
  while (ways.length < work.migrations.length && end === undefined) end = await judge(ways, work);
  return end;
}

/** The cached results of reverting the longest possible beginning of the migrations, so that only later ones need to be tried. */
async function proofOf(keys: readonly string[], cache: SchemaCache): Promise<readonly TriedMigration[]> {
  for (const key of keys.slice(1).toReversed()) {
    const known = await cache.get<readonly TriedMigration[]>(keyOfProof(key));
    if (known !== undefined) return known;
  }
  return [];
}

function keyOfProof(replayed: string): string {
  return `ways back ${replayed}`;
}

/**
 * Tries further migrations until the last one, or until the shadow is unusable. Returns the finding if a migration does not even run, after
 * which no other can be judged.
 */
async function judge(ways: TriedMigration[], work: CheckWork): Promise<CheckFinding | undefined> {
  const { context, migrations } = work;
  const from = ways.length;
  return withMigratableShadow(work.context, { url: work.options.shadow }, async (shadow) => {
    const onEach = countStage(context.onEvent, 'replaying the migrations', migrations.length);
    await replay(shadow, migrations.slice(0, from), context.instantiate, onEach);
    let before = await lookAt(shadow);
    for (const migration of migrations.slice(from)) {
      if (context.signal.aborted) throw cancelled(context.signal, 'Nothing was changed.');
      onEach();
      try {
        const loaded = await migration.load();
        const { after, wayBack, intact } = await thereAndBack(shadow, loaded, before, context.instantiate);
        const madeAgain = shadow.given.madeAgainBy(loaded.name);
        ways.push(madeAgain.length === 0 ? wayBack : { ...wayBack, madeAgain });
        if (!intact) return undefined;
        before = after;
      } catch (error) {
        rethrowImpossible(error);
        return unjudged(migration, error, migrations.length - ways.length - 1);
      }
    }
    return undefined;
  });
}

function unjudged(migration: KnownMigration, error: unknown, later: number): CheckFinding {
  const found = findingOf(error, { migration: migration.name, ...placeOf(migration.file) });
  const others = later === 0 ? '' : `\nThe ${later} after it ${later === 1 ? 'is' : 'are'} not judged either.`;
  const why = found.message.replace(`Migration ${migration.name} could not be replayed`, 'it could not be replayed');
  return { ...found, message: `${migration.name} cannot be judged, because ${why}${others}` };
}

function madeAgainFindings(migration: KnownMigration, { madeAgain = [] }: TriedMigration): readonly CheckFinding[] {
  return madeAgain.flatMap(({ sql, failsBecause }) => {
    if (failsBecause === undefined) return [];
    const about = { migration: migration.name, ...placeOf(migration.file) };
    const message = `${migration.name} fails on an empty database: ${sql}, and ${failsBecause}.`;
    return [
      {
        severity: 'error',
        message,
        ...about,
        next: 'Add IF NOT EXISTS: nothing changes where the migration is already applied.',
      },
    ];
  });
}

function wayBackFindings(migration: KnownMigration, wayBack: WayBack): readonly CheckFinding[] {
  const about = { migration: migration.name, ...placeOf(migration.file) };
  const { name } = migration;
  switch (wayBack.leads) {
    case 'back':
      return [];
    case 'nowhere':
      return [{ severity: 'notice', message: `${name} cannot be reverted: ${wayBack.reason}.`, ...about }];
    case 'into-error':
      return [
        {
          severity: 'error',
          message: `${name} cannot be reverted: its down fails: ${wayBack.reason}.`,
          ...about,
          next: correct,
        },
      ];
    case 'elsewhere':
      return [
        {
          severity: 'error',
          message: [
            `The down of ${name} does not restore the schema from before its up:`,
            ...shortened(wayBack.differences).map((line) => `  ${line}`),
          ].join('\n'),
          ...about,
          next: correct,
        },
      ];
  }
}

const correct =
  'Correct its down, then: nest-migrate check --write-lock. If it cannot be undone, make its down throw an error that says so.';
