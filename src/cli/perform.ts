import { cancelled } from '../database/cancel.js';
import { finishedBefore, isMigrateError, messageOf, MigrateError } from '../errors.js';
import type { DryRunStatement, ExitCode } from '../errors.js';
import { withoutPasswords, withoutPasswordsInData } from '../passwords.js';
import type { GlobalFlags } from './flags.js';
import { moreOn } from './help-on.js';
import { paint, shownOn } from './io.js';
import type { Io, SourceInApp } from './io.js';
import { forSameSource } from './same-source.js';
import { divertUsersOutput } from './users-output.js';

/** Runs a command with its output, signals and errors. Returns the exit code. */
export async function perform(
  flags: GlobalFlags,
  inApp: SourceInApp | undefined,
  command: (io: Io) => Promise<ExitCode>,
): Promise<ExitCode> {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    // The first signal cancels the running statement; a second one ends the process at once.
    if (controller.signal.aborted) process.exit(signal === 'SIGTERM' ? 143 : 130);
    controller.abort(signal);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const json = flags.json === true;
  // A separate process started with the command, while that of an app is older.
  const started = inApp === undefined ? 0 : performance.now();
  const write = process.stdout.write.bind(process.stdout);
  const printAgain = divertUsersOutput();
  const onStdout = shownOn(process.stdout, flags.color);
  const onStderr = shownOn(process.stderr, flags.color);
  const completed = forSameSource(flags);
  const io: Io = {
    format: json ? 'json' : 'human',
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    paint,
    signal: controller.signal,
    elapsed: () => performance.now() - started,
    result: (data, lines) =>
      void write(
        json
          ? `${JSON.stringify(withoutPasswordsInData(data), null, 2)}\n`
          : onStdout(withoutPasswords(completed(textOf(lines())))),
      ),
    page: (data, text) => void write(json ? `${JSON.stringify(data, null, 2)}\n` : text),
    note: (line) => void (flags.quiet || process.stderr.write(`${onStderr(withoutPasswords(completed(line)))}\n`)),
    stage: () => undefined,
    asking: (question) => question(),
    ...(inApp && { inApp }),
  };
  try {
    return await Promise.race([command(io), outOfTime(controller.signal)]);
  } catch (thrown) {
    const error = isMigrateError(thrown) ? thrown : unexpected(thrown);
    if (json) {
      const { asJson } = await import('./error-json.js');
      write(`${JSON.stringify(asJson(error), null, 2)}\n`);
    } else {
      if (error.statements) write(await collected(error.statements, error));
      process.stderr.write(onStderr(completed(forPeople(error, io))));
    }
    return error.exitCode;
  } finally {
    if (inApp === undefined) await closeEmbedded();
    else printAgain();
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** A command must end within six seconds of a signal; queries to the server give up a second earlier. */
const longestStopMs = 5700;

/** Some work cannot be interrupted, such as code of a migration. The command ends anyway after the first signal. */
function outOfTime(signal: AbortSignal): Promise<never> {
  const state = 'It did not finish in time: `nest-migrate status` shows what is applied.';
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => setTimeout(() => reject(cancelled(signal, state)), longestStopMs).unref());
  });
}

async function closeEmbedded(): Promise<void> {
  const embedded = await import('../data-source/embedded.js');
  await embedded.closeEmbedded();
}

function unexpected(error: unknown): MigrateError {
  return new MigrateError({
    code: 'INTERNAL',
    message: messageOf(error),
    next: 'Run the command again with --verbose to see where the error comes from. `nest-migrate status` shows what is applied.',
    cause: error,
  });
}

/** The statements of a failed dry run are still its result. */
async function collected(statements: readonly DryRunStatement[], error: MigrateError): Promise<string> {
  const { dryRunLines } = await import('./dry-run-lines.js');
  const lines = dryRunLines(statements, error.message);
  return textOf(lines);
}

function forPeople(error: MigrateError, io: Io): string {
  const { paint } = io;
  const [first, ...more] = error.message.split('\n');
  const lines = [`${paint.red('✖')} ${first}`, ...more.map((line) => `  ${line}`)];
  const finished = finishedBefore(error);
  if (finished !== undefined) lines.push(`  ${finished}`);
  if (io.verbose && error.sql !== undefined) lines.push(paint.dim(error.sql));
  const [next, ...further] = error.next.split('\n');
  lines.push(`${paint.bold('→')} ${next}`, ...further.map((line) => `  ${line}`));
  if (io.verbose) lines.push(paint.dim(stackOf(error)));
  lines.push(...moreOn([error.code]).map((line) => paint.dim(line)));
  return `${lines.join('\n')}\n`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = stackOf(error.cause);
  return `${error.stack ?? error.message}${cause && `\nCaused by: ${cause}`}`;
}
