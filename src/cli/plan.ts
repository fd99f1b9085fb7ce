import type { PlannedMigration, PlanOptions, PlanResult, Verdict } from '../commands/plan/types.js';
import { ExitCode, MigrateError } from '../errors.js';
import { withMigrator } from './connect.js';
import type { GlobalFlags } from './flags.js';
import { many, showDuration } from './io.js';
import type { Io, Paint } from './io.js';

export type PlanFlags = Pick<PlanOptions, 'deep' | 'phase' | 'to' | 'count' | 'shadow'>;

export async function plan(io: Io, flags: GlobalFlags & PlanFlags): Promise<ExitCode> {
  const { deep, phase, to, count, shadow } = flags;
  const result = await withMigrator(io, flags, (migrator) => migrator.plan({ deep, phase, to, count, shadow }));
  io.result(result, () => planLines(result, io.paint));
  return result.verdict === 'safe now' ? ExitCode.done : ExitCode.todo;
}

/**
 * Shows what a run will do, and lets the user decide at a terminal. Without a terminal, a run that blocks, fails or cannot be judged is
 * refused.
 */
export async function confirmPlan(
  io: Io,
  result: PlanResult,
  { yes, strict }: { readonly yes?: boolean; readonly strict?: boolean },
): Promise<void> {
  for (const line of planLines(result, io.paint)) io.note(line);
  if (result.migrations.length === 0 || yes) return;
  const { terminal } = await import('./ask.js');
  const ask = terminal(io);
  if (ask) {
    if (await ask.confirm('Run them?')) return;
    throw new MigrateError({
      code: 'CANCELLED',
      message: 'Nothing was run.',
      next: makeSafe,
      exitCode: ExitCode.todo,
    });
  }
  const refused = result.migrations.filter(
    ({ verdict }) => verdict !== 'safe now' && (strict || verdict !== 'not known'),
  );
  if (refused.length === 0) return;
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: ['Nothing was run:', ...refused.map(refusal)].join(refused.length === 1 ? ' ' : '\n'),
    next: `${makeSafe} To run it anyway: nest-migrate run --plan --yes`,
    migration: refused[0]?.name ?? '',
    exitCode: ExitCode.todo,
  });
}

const makeSafe = 'Make it safe (nest-migrate lint shows how), or run it when the tables are not in use.';

function refusal({ name, verdict, why }: PlannedMigration): string {
  return `${name} ${verdict}: ${why[0] ?? ''}`;
}

/** The effects of each migration, and the present state of the server. */
function planLines(result: PlanResult, paint: Paint): readonly string[] {
  const { migrations, deferred, tables, now, diskBytes } = result;
  if (migrations.length === 0)
    return [
      `Nothing to do: ${deferred.length > 0 ? `${many(deferred.length, 'migration')} deferred, nothing else is pending` : 'nothing is pending'}.`,
    ];
  return [
    ...migrations.flatMap((migration) => [...migrationLines(migration, paint), '']),
    ...(tables.length > 0 ? [paint.bold('Tables'), ...tables.map(tableLine), ''] : []),
    ...serverLines(result, paint),
    ...(diskBytes > 0 ? [`Disk: about ${bytesOf(diskBytes)} more while tables are rewritten.`] : []),
    ...(deferred.length > 0 ? [`Deferred: ${deferred.join(', ')}.`] : []),
    `PostgreSQL ${now.version}. Nine of ten durations are within the range given.`,
  ];
}

const marks: Readonly<Record<Verdict, string>> = {
  'safe now': '✓',
  'not known': '?',
  'will block': '!',
  'will fail': '✖',
  'cannot be judged': '?',
};

function migrationLines(migration: PlannedMigration, paint: Paint): readonly string[] {
  const { name, phase, verdict, why, remarks, statements, seconds } = migration;
  const colour = verdict === 'safe now' ? paint.green : verdict === 'will fail' ? paint.red : paint.yellow;
  return [
    `${colour(`${marks[verdict]} ${verdict}`)}  ${paint.bold(name)}${phase === 'contract' ? ' (contract)' : ''}  ${paint.dim(shownInterval(seconds))}`,
    ...[...why, ...remarks].map((line) => `    ${line.replaceAll('\n', '\n    ')}`),
    ...statements.flatMap(({ sql, locks, scans, rewrites, builds, changes, explained }) => [
      `    ${paint.dim(oneLine(sql))}`,
      ...effects({ locks, scans, rewrites, builds, changes }).map((line) => `      ${line}`),
      ...(explained
        ? [`      ${explained.node}, about ${explained.rows} rows, cost ${Math.round(explained.cost)}`]
        : []),
    ]),
  ];
}

function effects({
  locks,
  scans,
  rewrites,
  builds,
  changes,
}: Pick<
  PlannedMigration['statements'][number],
  'locks' | 'scans' | 'rewrites' | 'builds' | 'changes'
>): readonly string[] {
  return [
    ...locks.map(({ table, mode, blocks }) => `locks ${table}: ${mode} (${blocks} wait)`),
    ...(rewrites.length > 0 ? [`rewrites: ${rewrites.join(', ')}`] : []),
    ...(scans.length > 0 ? [`reads all of: ${scans.join(', ')}`] : []),
    ...(builds.length > 0 ? [`builds: ${builds.join(', ')}`] : []),
    ...changes.map(
      ({ table, rows }) =>
        `changes ${rows === null ? 'an unknown number of rows' : `about ${Math.round(rows).toLocaleString('en')} rows`} of ${table}`,
    ),
  ];
}

function tableLine({ table, rows, bytes, indexBytes }: PlanResult['tables'][number]): string {
  return `    ${table}: ${rows === null ? 'rows not counted yet (ANALYZE)' : `about ${rows.toLocaleString('en')} rows`}, ${bytesOf(bytes)} and ${bytesOf(indexBytes)} of indexes`;
}

function serverLines({ now }: PlanResult, paint: Paint): readonly string[] {
  return [
    ...now.sessions.map(
      ({ pid, user, application, state, seconds, query, tables }) =>
        `${paint.yellow('!')} pid ${pid} (${[application, `user ${user}`, `${state}, transaction open for ${shown(seconds)}`].filter(Boolean).join(', ')})${tables.length > 0 ? ` uses ${tables.join(', ')}` : ''}: ${oneLine(query)}`,
    ),
    ...now.replicas
      .filter(({ lagBytes }) => lagBytes > 16 * 1024 * 1024)
      .map(
        ({ name, lagBytes }) => `${paint.yellow('!')} The replica ${name || '(unnamed)'} lags by ${bytesOf(lagBytes)}.`,
      ),
    ...now.invalidIndexes.map(
      (name) =>
        `${paint.yellow('!')} ${name} is an invalid index: no query uses it. Drop it (DROP INDEX CONCURRENTLY) or rebuild it (REINDEX INDEX CONCURRENTLY).`,
    ),
    ...now.indexesBeingBuilt.map((name) => `${paint.yellow('!')} ${name} is being built right now.`),
  ];
}

function oneLine(sql: string): string {
  const text = sql.replace(/\s+/g, ' ').trim();
  return text.length > 140 ? `${text.slice(0, 139)}…` : text;
}

function bytesOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${step === 0 ? bytes : (bytes / 1024 ** step).toFixed(1)} ${units[step]}`;
}

/** The whole interval is shown, or that it is unknown. */
function shownInterval(seconds: PlannedMigration['seconds']): string {
  if (seconds === null) return 'duration not known';
  return seconds.to <= 0.05 ? 'less than 50 ms' : `${shown(seconds.from)} to ${shown(seconds.to)}`;
}

function shown(seconds: number): string {
  return showDuration(Math.max(1, seconds * 1000));
}
