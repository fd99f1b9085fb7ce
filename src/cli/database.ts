import type { CreateDatabaseResult, DropDatabaseResult } from '../commands/database.js';
import { ExitCode } from '../errors.js';
import { terminal } from './ask.js';
import { withMigrator } from './connect.js';
import type { GlobalFlags } from './flags.js';
import { many, showDuration } from './io.js';
import type { Io } from './io.js';

interface Flags extends GlobalFlags {
  readonly yesDrop?: string;
  readonly force?: boolean;
  readonly seed?: boolean;
}

/** `database create` and `database drop`. */
export async function database(io: Io, flags: Flags, action: 'create' | 'drop'): Promise<ExitCode> {
  const { yesDrop, force } = flags;
  const result = await withMigrator<CreateDatabaseResult | DropDatabaseResult>(io, flags, (migrator) =>
    action === 'create' ? migrator.createDatabase() : migrator.dropDatabase({ yesDrop, force, ask: terminal(io) }),
  );
  const said = {
    created: 'was created.',
    existed: 'already exists.',
    dropped: 'was dropped.',
    absent: 'does not exist.',
  }[result.state];
  io.result(result, () => [`The database ${result.database} ${said}`]);
  return ExitCode.done;
}

const reasons = { owner: 'another role owns it', ignored: 'it is ignored', needed: 'something else needs it' } as const;

/** `fresh` */
export async function fresh(io: Io, flags: Flags): Promise<ExitCode> {
  const { yesDrop, seed: seeds } = flags;
  const result = await withMigrator(io, flags, (migrator) =>
    migrator.fresh({ yesDrop, seed: seeds, ask: terminal(io) }),
  );
  for (const { object, reason } of result.kept) io.note(`Kept: ${object} (${reasons[reason]})`);
  const { dropped, applied, seeded } = result;
  const run = seeded === undefined ? '' : `, ${many(seeded.length, 'seed')} run`;
  io.result(result, () => [
    `${many(dropped.length, 'object')} dropped, ${many(applied.length, 'migration')} applied${run} in ${showDuration(io.elapsed())}.`,
  ]);
  return ExitCode.done;
}

/** `seed` */
export async function seed(io: Io, flags: GlobalFlags, names: readonly string[]): Promise<ExitCode> {
  const result = await withMigrator(io, flags, (migrator) => migrator.seed({ names }));
  const before = result.skipped.filter(({ reason }) => reason === 'run before').map(({ name }) => name);
  const others = result.skipped.filter(({ reason }) => reason === 'environment').map(({ name }) => name);
  const skipped = [
    ...(before.length > 0 ? [`${before.join(', ')} (already run)`] : []),
    ...(others.length > 0 ? [`${others.join(', ')} (for other environments)`] : []),
  ];
  const why = skipped.length > 0 ? `; skipped: ${skipped.join(', ')}` : '';
  io.result(result, () => [`${many(result.ran.length, 'seed')} run in ${showDuration(io.elapsed())}${why}.`]);
  return ExitCode.done;
}
