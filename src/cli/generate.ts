import { availableParallelism } from 'node:os';
import type {
  BaselineResult,
  GeneratedStatement,
  GenerateOptions,
  GenerateResult,
} from '../commands/generate/types.js';
import { ExitCode } from '../errors.js';
import { withMigrator } from './connect.js';
import { lossLines } from './drift.js';
import type { GlobalFlags } from './flags.js';
import { listLines, untilFound } from './found-by.js';
import { many, showDuration, wrapped } from './io.js';
import type { Io } from './io.js';
import { languageLines } from './language.js';
import { readProject } from './project.js';

export interface GenerateFlags {
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly sql?: boolean;
  readonly js?: boolean;
  readonly dir?: string;
  readonly split?: boolean;
  readonly rename?: readonly string[];
  readonly drop?: readonly string[];
  readonly keep?: readonly string[];
  readonly renameDirectly?: boolean;
  readonly backfill?: readonly string[];
  readonly using?: readonly string[];
  readonly storedTimezone?: string;
  readonly allowDestructive?: boolean;
  readonly prune?: boolean;
  readonly ignore?: readonly string[];
  readonly online?: boolean;
  readonly targetVersion?: number;
  readonly from?: string;
  readonly shadow?: string;
  readonly cache?: boolean;
  readonly yes?: boolean;
}

export async function generate(io: Io, flags: GlobalFlags & GenerateFlags, name?: string): Promise<ExitCode> {
  const ask = flags.check || flags.dryRun ? undefined : (await import('./ask.js')).terminal(io);
  const result = await withPostgresAhead(flags, () =>
    withMigrator(io, flags, (migrator) => migrator.generate({ ...optionsOf(flags, name), ask })),
  );
  io.result(result, () => linesOf(result, flags, io));
  for (const warning of result.warnings) io.note(`${io.paint.yellow('!')} ${warning}`);
  return flags.check && result.files.length > 0 ? ExitCode.todo : ExitCode.done;
}

/**
 * Starts PostgreSQL in advance when migrations are requested, because there are usually changes. A check usually finds none, so it does
 * not.
 */
export async function withPostgresAhead<T>(
  flags: Pick<GenerateFlags, 'check' | 'shadow'>,
  work: () => Promise<T>,
  compiled?: () => Promise<object | undefined>,
): Promise<T> {
  if (flags.check || flags.shadow || availableParallelism() < 2) return work();
  if (readProject(process.cwd(), {}).settings.shadow) return work();
  const { closeAhead, openAhead } = await import('../shadow/ahead.js');
  openAhead(new URL('../shadow/thread.js', import.meta.url), await compiled?.());
  try {
    return await work();
  } finally {
    await closeAhead();
  }
}

type BaselineFlags = Pick<GenerateFlags, 'check' | 'sql' | 'js' | 'dir' | 'shadow' | 'yes' | 'ignore'> & {
  readonly takeOver?: boolean;
  readonly onlyEntities?: boolean;
};

export async function baseline(io: Io, flags: GlobalFlags & BaselineFlags, name?: string): Promise<ExitCode> {
  const { check, dir, shadow, ignore, yes: addToList } = flags;
  const ask = check ? undefined : (await import('./ask.js')).terminal(io);
  const others = flags.takeOver ? ('take over' as const) : flags.onlyEntities ? ('leave' as const) : undefined;
  const options = { name, check, dir, shadow, ignore, addToList, ask, others, language: languageOf(flags) };
  const result = await withMigrator(io, flags, (migrator) => migrator.baseline(options));
  for (const warning of result.warnings) io.note(`${io.paint.yellow('!')} ${warning}`);
  io.result(result, () => baselineLines(result, flags));
  if (others === 'leave') return result.drift.length > 0 ? ExitCode.todo : ExitCode.done;
  for (const object of result.unknown)
    io.note(`${io.paint.yellow('!')} ${object} is in the database, but not in the entities.`);
  if (others === undefined && result.files.length > 0 && result.unknown.length > 0)
    io.note('  To include them in the migration: nest-migrate baseline --take-over');
  return result.drift.length > 0 ? ExitCode.todo : ExitCode.done;
}

/** Printed definitions of views and functions end in different ways. */
function asStatement(sql: string): readonly string[] {
  return `${sql.trimEnd().replace(/;$/, '')};`.split('\n');
}

function baselineLines(
  { drift, losses, files, recorded, list, takenOver, unknown }: BaselineResult,
  flags: BaselineFlags,
): readonly string[] {
  if (drift.length > 0) {
    const what = 'The database differs from the expected schema. These statements would make it match:';
    return [
      what,
      ...drift.flatMap((sql) => [...lossLines(sql, losses), ...asStatement(sql)]).map((line) => `  ${line}`),
      '',
      'Nothing was written or recorded. Make them match first: execute these statements, let the app synchronize once more, or correct the entities.',
    ];
  }
  if (flags.check) {
    const more = unknown.length === 1 ? 'one object' : `${unknown.length} objects`;
    return [
      unknown.length === 0 || flags.onlyEntities
        ? 'The database matches the entities.'
        : `The database has all that the entities describe, and ${more} that they do not.`,
    ];
  }
  const others =
    takenOver.length === 0
      ? []
      : ['Included, although no entity describes them:', ...takenOver.map((object) => `  ${object}`)];
  const written = [
    ...files.map((file) => `+ ${file}`),
    ...languageLines(files, flags),
    ...listLines({ list }),
    ...others,
  ];
  if (list?.state === 'to add')
    return [...written, 'Nothing has been recorded yet. Add the class, then: nest-migrate run --fake'];
  return [...written, `Recorded as applied, without being executed: ${recorded.join(', ') || 'nothing new'}.`];
}

export function languageOf({ sql, js }: Pick<GenerateFlags, 'sql' | 'js'>): GenerateOptions['language'] {
  return sql ? 'sql' : js ? 'js' : undefined;
}

function optionsOf(flags: GlobalFlags & GenerateFlags, name: string | undefined): GenerateOptions {
  const { check, dryRun, rename, drop, keep, backfill, using, ...rest } = flags;
  return {
    name,
    language: languageOf(flags),
    dryRun: check === true || dryRun === true,
    renames: rename,
    drops: drop,
    keeps: keep,
    backfills: backfill,
    usings: using,
    dir: rest.dir,
    split: rest.split,
    renameDirectly: rest.renameDirectly,
    storedTimezone: rest.storedTimezone,
    // A check does not ask whether data may be lost.
    allowDestructive: rest.allowDestructive === true || check === true,
    prune: rest.prune,
    ignore: rest.ignore,
    online: rest.online,
    targetVersion: rest.targetVersion,
    from: rest.from,
    shadow: rest.shadow,
    cache: rest.cache,
    addToList: rest.yes,
  };
}

function linesOf(result: GenerateResult, flags: GenerateFlags, io: Io): readonly string[] {
  const { files, statements, texts } = result;
  if (files.length === 0) return ['Nothing to do: the migrations match the entities.'];
  if (flags.dryRun && texts) return texts.flatMap(({ file, text }) => [`-- ${file}`, text]);
  if (flags.check)
    return [
      `The entities have changed: ${many(statements.length, 'statement')} would be generated.`,
      // There is no file to look at; a log has room for long names.
      ...statements.map(({ sql }) => `  ${shorten(sql, (process.stdout.columns ?? 202) - 2)}`),
    ];
  const lines = files.flatMap((file) => [
    `${io.paint.green('+')} ${file}`,
    ...stepLines(
      statements.filter((statement) => statement.file === file),
      io,
    ),
  ]);
  const classes = [...new Map(statements.map(({ migration: name, file }) => [name, { name, file }])).values()];
  const left = untilFound(result, classes);
  const next = `Review ${files.length === 1 ? 'it' : 'them'}, ${left === undefined ? '' : `${left}, `}then: nest-migrate run`;
  const remarks = [result.reason, result.advice].flatMap((text) => (text === undefined ? [] : wrapped(text)));
  const took = io.paint.dim(`(${showDuration(io.elapsed())})`);
  return [
    ...lines,
    '',
    ...remarks,
    ...languageLines(files, flags),
    ...listLines(result, classes),
    `Proven up and down. ${next} ${took}`,
  ];
}

/** The statements of a file, grouped by step. */
function stepLines(statements: readonly GeneratedStatement[], io: Io): readonly string[] {
  const steps = [...new Set(statements.map(({ migration }) => migration))];
  const width = Math.max(0, ...statements.map(({ effect }) => effect.length));
  const room = Math.max(30, (process.stdout.columns ?? 80) - width - 6);
  return steps.flatMap((step, index) => {
    const own = statements.filter(({ migration }) => migration === step);
    const isContract = own[0]?.phase === 'contract';
    const when = isContract ? ', contract: when the old version of the app is gone' : '';
    const heading =
      steps.length > 1 || isContract ? [io.paint.dim(`  step ${index + 1} of ${steps.length}${when}`)] : [];
    return [
      ...heading,
      ...own.map(({ sql, effect }) => `    ${shorten(sql, room).padEnd(room)}  ${io.paint.dim(effect)}`),
    ];
  });
}

export function shorten(sql: string, width = 76): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
