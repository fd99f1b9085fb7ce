import type { CheckResult } from '../commands/check/types.js';
import { ExitCode } from '../errors.js';
import { checkLines, passed } from './check-lines.js';
import type { CheckFlags } from './check-lines.js';
import { withMigrator } from './connect.js';
import type { GlobalFlags } from './flags.js';
import type { Io } from './io.js';

export async function check(io: Io, flags: GlobalFlags & CheckFlags): Promise<ExitCode> {
  if (flags.allDataSources) return (await import('./check-all.js')).checkAll(io, flags);
  const { database, withRows, writeLock, only, skip, since, shadow, cache, ignore } = flags;
  const options = { database, withRows, writeLock, only, skip, since, shadow, cache, ignore };
  const result = await withMigrator(io, flags, (migrator) => migrator.check(options));
  io.result(result, () => [...checkLines(result, flags, io.paint), ...summary(result)]);
  const errors = result.steps.flatMap(({ error }) => error ?? []);
  // What is not installed says nothing about the migrations or a server.
  if (errors.length > 0) return errors.every((code) => code === 'PACKAGE_MISSING') ? ExitCode.usage : ExitCode.failed;
  return result.ok ? ExitCode.done : ExitCode.todo;
}

function summary({ ok, steps }: CheckResult): readonly string[] {
  if (ok) return ['', `Good: ${passed(steps)}.`];
  const failed = steps.filter(({ state }) => state === 'failed').map(({ name }) => name);
  return ['', `Failed: ${failed.join(', ')}.`];
}
