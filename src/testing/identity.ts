import { join } from 'node:path';
import { listMigrations } from '../files/list-migrations.js';
import type { KnownMigration } from '../files/migration.js';
import { listSeeds, seedFolder } from '../files/seed-files.js';
import type { SeedFile } from '../files/seed-files.js';
import { unwatched } from '../files/users-code.js';
import { databaseCache, hashOf } from '../shadow/cache.js';
import { chainOf, executing, keyByContent, wholeKey } from '../shadow/replay-key.js';
import type { Beginning, Chain } from '../shadow/replay-key.js';
import { cacheFor } from '../snapshot/cache-for.js';
import { beginningOf } from '../snapshot/migratable-shadow.js';
import { chainBySent } from '../snapshot/retold.js';
import { longestMs } from './image.js';
import { oneAtATime } from './one-at-a-time.js';
import { migrationsOf } from './project.js';
import type { TestProject } from './project.js';

/** What the databases of a project contain. */
export interface Identity {
  /** The migrations of the project, and its seeds if they run after them. */
  readonly chain: Chain<KnownMigration | SeedFile>;
  /** Of the migrations and seeds; undefined if they may lead to something else another time. */
  readonly key: string | undefined;
}

export async function identityOf(project: TestProject): Promise<Identity> {
  const migrations = project.only ?? (await migrationsOf(project));
  const seeds = project.seed === true ? listSeeds(seedFolder(await listMigrations(project), project)) : [];
  const beginning = await beginningOf(project);
  const chain = chainOf([...migrations, ...seeds], beginning);
  const isInDoubt = chain.keys.length <= migrations.length;
  const key = isInDoubt
    ? withSeeds(await keyBySent({ ...chain, migrations }, project), seeds, beginning)
    : wholeKey(chain);
  return { chain, key };
}

/** Fills a database for which the migrations and seeds are executed. Tells whether its content is what the key says. */
export async function filling(
  { chain, key }: Identity,
  fill: () => Promise<void>,
): Promise<{ readonly isSure: boolean }> {
  const isBySent = key !== undefined && wholeKey(chain) === undefined;
  // The files that migrations read are not needed: what they have sent shows what they have read.
  return executing([chain], () => (isBySent ? unwatched(fill) : fill()));
}

function withSeeds(migrated: string | undefined, seeds: readonly SeedFile[], beginning: Beginning): string | undefined {
  return seeds.reduce((before, seed) => before && keyByContent(before, seed, beginning), migrated);
}

/** The key that a replay has found for migrations in doubt; none if what they do differs each time. */
interface Found {
  readonly key: string | undefined;
  readonly atMs: number;
}

/** For how long it is not tried again to identify migrations that differ each time: a replay takes as long as running them. */
const doubtMs = 600_000;

function isInDoubt(found: readonly Found[]): boolean {
  const recent = found.filter(({ atMs }) => Date.now() - atMs < doubtMs);
  return recent.length > 2 || recent.some(({ key }) => key === undefined);
}

/** The key of migrations whose texts leave doubt: from what they send, which one process finds out while others wait. */
async function keyBySent(chain: Chain, project: TestProject): Promise<string | undefined> {
  const { keys, migrations } = chain;
  const cache = cacheFor({});
  const id = `sent ${hashOf([...keys.slice(-1), ...migrations.map(({ name }) => name)])}`;
  const foundBefore = async (): Promise<readonly Found[]> => (await cache.get<readonly Found[]>(id)) ?? [];
  const isDone = async (): Promise<boolean> => (await foundBefore()).length > 0;
  return oneAtATime({ file: join(databaseCache(), `${hashOf([id])}.finding`), isDone, longestMs }, async () => {
    const before = await foundBefore();
    if (isInDoubt(before)) return undefined;
    // What fails is reported when it is run.
    const longer = await chainBySent(chain, project, cache).catch(() => undefined);
    const key = longer && wholeKey(longer);
    if (longer === undefined || before.some((one) => one.key === key)) return key;
    await cache.set(id, [...before, { key, atMs: Date.now() }].slice(-3));
    // If they differ each time, databases that no other test can use would fill the disk.
    return before.length === 0 ? key : undefined;
  });
}
