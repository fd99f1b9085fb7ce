import { basename } from 'node:path';
import type { DevOptions, DevResult } from '../commands/dev/types.js';
import { ExitCode } from '../errors.js';
import { withMigrator } from './connect.js';
import { commandOf } from '../sql/index.js';
import type { GlobalFlags } from './flags.js';
import { languageOf, shorten, withPostgresAhead } from './generate.js';
import type { GenerateFlags } from './generate.js';
import { showDuration } from './io.js';
import type { Io } from './io.js';
import { readProject } from './project.js';

type DevFlags = GlobalFlags &
  Pick<
    GenerateFlags,
    | 'js'
    | 'dir'
    | 'rename'
    | 'drop'
    | 'keep'
    | 'backfill'
    | 'using'
    | 'storedTimezone'
    | 'allowDestructive'
    | 'ignore'
    | 'targetVersion'
    | 'shadow'
  > & { readonly new?: boolean; readonly amend?: boolean; readonly yesDrop?: string; readonly watch?: boolean };

export async function dev(io: Io, flags: DevFlags, name?: string): Promise<ExitCode> {
  const { isStandby } = await import('./watch/standby.js');
  if (isStandby()) return devAfterSaves(io, flags, name);
  if (flags.watch) {
    const { watchProject } = await import('./watch/watch.js');
    return watchProject(io, process.argv.slice(2));
  }
  const options = await optionsOf(flags, name, io);
  const result = await withPostgresAhead(flags, () => withMigrator(io, flags, (migrator) => migrator.dev(options)));
  show(result, devLines, io);
  return ExitCode.done;
}

/** In a process of `dev --watch`. */
async function devAfterSaves(given: Io, flags: DevFlags, name?: string): Promise<ExitCode> {
  const { followSaves } = await import('./watch/follow-saves.js');
  const { tellWritten } = await import('./watch/standby.js');
  let isAsked = false;
  const known = new Set<string>();
  await followSaves({
    flags,
    signal: given.signal,
    isReloadable: readProject(process.cwd(), flags).app === undefined,
    wasAsked: () => isAsked,
    perform: async ({ waitedMs, isFirst }) => {
      isAsked = false;
      const io: Io = {
        ...given,
        told: known,
        elapsed: () => given.elapsed() - waitedMs,
        asking: (question) => {
          isAsked = true;
          return given.asking(question);
        },
        // The database stays the same from one save to the next.
        ...(!isFirst && { shown: new Set(['NO_DATABASE_URL']) }),
      };
      const tell = async (result: DevResult): Promise<void> => {
        await tellWritten([...result.files, ...result.removed]);
        // What has been said of the objects that are kept holds for every save.
        const warnings = result.warnings.filter((warning) => !known.has(warning));
        for (const warning of warnings) known.add(warning);
        show({ ...result, warnings }, savedLines, io);
      };
      const options = { ...(await optionsOf(flags, name, io)), tell, ...(!isFirst && { unused: 'left out' as const }) };
      await withMigrator(io, flags, (migrator) => migrator.dev(options));
    },
  });
  return ExitCode.done;
}

async function optionsOf(flags: DevFlags, name: string | undefined, io: Io): Promise<DevOptions> {
  const { rename: renames, drop: drops, keep: keeps, backfill: backfills, using: usings, amend, ...rest } = flags;
  const { dir, storedTimezone, allowDestructive, ignore, targetVersion, shadow, yesDrop } = rest;
  const own = { dir, storedTimezone, allowDestructive, ignore, targetVersion, shadow, yesDrop };
  const draft = rest.new ? ('new' as const) : amend ? ('amend' as const) : undefined;
  const ask = (await import('./ask.js')).terminal(io);
  return { ...own, name, renames, drops, keeps, backfills, usings, draft, language: languageOf(flags), ask };
}

function show(result: DevResult, lines: typeof devLines, io: Io): void {
  for (const warning of result.warnings) io.note(`${io.paint.yellow('!')} ${warning}`);
  io.result(result, () => lines(result, io));
}

/** These only prepare the other statements. */
const settings = new Set(['SET', 'RESET']);
const marks = { none: ' ', unchanged: '=', written: '+', amended: '~', removed: '-' } as const;

/** One line for each save: the result for each file, what was executed, and how long it took. */
function savedLines({ draft, files, takenBack, statements }: DevResult, { paint, elapsed }: Io): readonly string[] {
  const took = `(${showDuration(elapsed())})`;
  const done = [
    ...takenBack.map((name) => `reverted ${name}`),
    ...statements.filter((sql) => !settings.has(commandOf(sql).command)),
  ].join('; ');
  const what = done || (draft === 'none' ? 'nothing to change' : '');
  const named = files.map((file) => basename(file)).join(', ');
  // As wide for `(2.0 s)` as for `(850 ms)`: the same save is shown in the same way each time.
  const room = Math.max(60, (process.stdout.columns ?? 80) - Math.max(took.length, 9) - 5);
  // What was executed comes first. It leaves a third of the line to the file, whose name says most at its end.
  const forFile = Math.min(named.length, Math.max(Math.floor(room / 3), room - what.length));
  const parts = [shorten(what, room - forFile), endOf(named, forFile)].filter(Boolean);
  return [`${paint.green(marks[draft])} ${parts.join('  ')} ${paint.dim(took)}`];
}

function endOf(text: string, width: number): string {
  return text.length > width ? `…${text.slice(1 - width)}` : text;
}

function devLines({ draft, files, takenBack, statements, losses }: DevResult, io: Io): readonly string[] {
  const { green, yellow, dim } = io.paint;
  const took = dim(`(${showDuration(io.elapsed())})`);
  const back = takenBack.map((name) => `${yellow('-')} ${name} was reverted: its file is gone`);
  const done = statements.map((sql) => `    ${shorten(sql)}`);
  const loss = losses.length === 0 ? [] : [`In other databases, its contract step drops ${losses.join(', ')}.`];
  switch (draft) {
    case 'none':
      return [...back, ...done, `The database matches the entities; there is nothing to write. ${took}`];
    case 'unchanged':
      return [...back, ...done, `The database and ${files.join(', ')} match the entities. ${took}`];
    case 'removed':
      return [...back, ...done, `The draft is no longer needed: its file was removed. ${took}`];
    case 'written':
    case 'amended':
      return [
        ...back,
        ...files.map((file) => `${green(draft === 'written' ? '+' : '~')} ${file}`),
        ...done,
        ...loss,
        `Applied to the database. Further changes ${draft === 'written' ? 'go' : 'still go'} into the same file until you commit it. ${took}`,
      ];
  }
}
