import { fromHere } from '../data-source/describe.js';
import { withClient } from '../database/client.js';
import { holdLock } from '../database/lock.js';
import type { Lock } from '../database/lock.js';
import { untilConnected } from '../database/retry.js';
import { applySeed, createSeedsTable, readSeeded } from '../database/seeds.js';
import { ExitCode, isMigrateError, MigrateError } from '../errors.js';
import type { MigrationList } from '../files/migration.js';
import { listSeeds, loadSeed, seedFolder } from '../files/seed-files.js';
import type { LoadedSeed, SeedFile } from '../files/seed-files.js';
import { refuseStaleBuild } from './built.js';
import { list, survey } from './context.js';
import type { CommandContext, Survey } from './context.js';
import { isDeferred } from './phases.js';
import type { Finished } from './types.js';

/** Options of `seed`. */
export interface SeedOptions {
  /** File names, with or without the extension: these seeds run, even if they ran before. By default, all seeds that are due run. */
  readonly names?: readonly string[] | undefined;
}

/** A seed that was skipped, because it ran before or is for other environments. */
export interface SkippedSeed {
  readonly name: string;
  readonly reason: 'run before' | 'environment';
}

/** The result of `seed`. */
export interface SeedResult {
  readonly ran: readonly Finished[];
  readonly skipped: readonly SkippedSeed[];
  readonly waitedForLockMs: number;
}

/** Runs the seeds in the order of their names, each in a transaction, while holding the migration lock. */
export async function seed({ names = [] }: SeedOptions, context: CommandContext): Promise<SeedResult> {
  const found = await list(context);
  const seeds = await loadSeeds(names, found, context);
  return untilConnected(context, (watched) => seedNow(found, seeds, names, watched));
}

async function seedNow(
  found: MigrationList,
  seeds: readonly LoadedSeed[],
  names: readonly string[],
  context: CommandContext,
): Promise<SeedResult> {
  const locked = await holdLock(
    context,
    () => Promise.resolve(true),
    async (lock) => {
      const done = await withClient(context, async (client) => {
        const now = await survey(client, found, context);
        refuseStaleBuild(found, now);
        refusePending(now);
        return names.length > 0 ? new Set<string>() : readSeeded(client, context);
      });
      const skipped = seeds.flatMap((one) => reasonToSkip(one, done) ?? []);
      const due = seeds.filter(({ name }) => !skipped.some((one) => one.name === name));
      const ran = due.length === 0 ? [] : await runAll(due, lock, context);
      return { ran, skipped, waitedForLockMs: lock.waitedMs };
    },
  );
  return locked.held ? locked.value : { ran: [], skipped: [], waitedForLockMs: locked.waitedMs };
}

async function runAll(seeds: readonly LoadedSeed[], lock: Lock, context: CommandContext): Promise<readonly Finished[]> {
  await context.initialise();
  await withClient(context, (client) => createSeedsTable(client, context.tables));
  const ran: Finished[] = [];
  for (const one of seeds) {
    try {
      const durationMs = await applySeed(one, { ...context, lock });
      ran.push({ name: one.name, durationMs });
      context.onEvent({ type: 'seeded', seed: one.name, durationMs });
    } catch (error) {
      throw isMigrateError(error) ? error.with({ finished: ran.map(({ name }) => name) }) : error;
    }
  }
  return ran;
}

/** Loads all seeds before the first one runs. */
export async function loadSeeds(
  names: readonly string[],
  found: MigrationList,
  context: CommandContext,
): Promise<readonly LoadedSeed[]> {
  const folder = seedFolder(found, context);
  const all = listSeeds(folder);
  const isNamed = ({ name, file }: SeedFile): boolean => names.some((one) => one === name || file.endsWith(`/${one}`));
  const unknown = names.find((one) => !all.some(({ name, file }) => one === name || file.endsWith(`/${one}`)));
  if (unknown !== undefined || all.length === 0) throw notFound(unknown, all, folder);
  const loaded: LoadedSeed[] = [];
  for (const one of names.length === 0 ? all : all.filter(isNamed)) loaded.push(await loadSeed(one));
  const elsewhere = names.length === 0 ? undefined : loaded.find((one) => !isHere(one));
  if (elsewhere !== undefined) throw forOthers(elsewhere);
  return loaded;
}

function environment(): string {
  return process.env['NODE_ENV'] || 'development';
}

function isHere({ environments }: LoadedSeed): boolean {
  return environments?.includes(environment()) ?? true;
}

function reasonToSkip(one: LoadedSeed, done: ReadonlySet<string>): SkippedSeed | undefined {
  const { name, when } = one;
  if (!isHere(one)) return { name, reason: 'environment' };
  return when === 'once' && done.has(name) ? { name, reason: 'run before' } : undefined;
}

/** Deferred contract migrations do not count as pending: they only remove what the old version of the app still uses. */
function refusePending(now: Survey): void {
  const pending = now.pending.filter((migration) => !isDeferred(migration, now)).map(({ name }) => name);
  if (pending.length === 0) return;
  throw new MigrateError({
    code: 'MIGRATIONS_PENDING',
    message: `Seeds fill the tables that migrations create, and these migrations are pending: ${pending.join(', ')}. No seed was run.`,
    next: 'nest-migrate run',
  });
}

function notFound(name: string | undefined, all: readonly SeedFile[], folder: string): MigrateError {
  const names = all.map((one) => one.name).join(', ');
  return new MigrateError({
    code: 'SEED_UNKNOWN',
    message:
      name === undefined
        ? `There are no seeds in ${fromHere(folder)}. Nothing was run.`
        : `There is no seed ${name} in ${fromHere(folder)}${names === '' ? ', which has none' : `, only ${names}`}. Nothing was run.`,
    next:
      names === ''
        ? 'Write one: nest-migrate create --seed <name>. Or name their folder in the setting `seeds`.'
        : 'Correct the name.',
    exitCode: ExitCode.usage,
  });
}

function forOthers({ name, environments = [] }: LoadedSeed): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: `The seed ${name} is for ${environments.join(', ')}, and this is ${environment()} (NODE_ENV). Nothing was run.`,
    next: `Run it there, or add ${environment()} to its environments.`,
    exitCode: ExitCode.usage,
  });
}
