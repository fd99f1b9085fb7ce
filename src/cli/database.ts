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
}

/** `database create` and `database drop`. */
export async function database(io: Io, flags: Flags, action: 'create' | 'drop'): Promise<ExitCode> {
  const { yesDrop, force } = flags;
  const result = await withMigrator<CreateDatabaseResult | DropDatabaseResult>(io, flags, (migrator) =>
    action === 'create' ? migrator.createDatabase() : migrator.dropDatabase({ yesDrop, force, ask: terminal(io) }),
  );
  const said = {
    created: 'was created.',
    existed: 'exists already.',
    dropped: 'was dropped.',
    absent: 'does not exist.',
  }[result.state];
  io.result(result, () => [`The database ${result.database} ${said}`]);
  return ExitCode.done;
}

const reasons = { owner: 'another role owns it', ignored: 'it is ignored', needed: 'something else needs it' } as const;

/** `fresh` */
export async function fresh(io: Io, flags: Flags): Promise<ExitCode> {
  const { yesDrop } = flags;
  const result = await withMigrator(io, flags, (migrator) => migrator.fresh({ yesDrop, ask: terminal(io) }));
  for (const { object, reason } of result.kept) io.note(`Kept: ${object} (${reasons[reason]})`);
  const { dropped, applied } = result;
  io.result(result, () => [
    `${many(dropped.length, 'object')} dropped, ${many(applied.length, 'migration')} applied in ${showDuration(io.elapsed())}.`,
  ]);
  return ExitCode.done;
}
