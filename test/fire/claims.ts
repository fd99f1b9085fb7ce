import { availableParallelism, loadavg } from 'node:os';
import type { Ended } from './actors.js';
import type { Way } from './faults/fault.js';
import type { Category, Finding } from './findings.js';
import { marker } from './project.js';

interface Told {
  readonly booted?: true;
  readonly applied?: readonly { readonly name: string }[];
  readonly reverted?: readonly { readonly name: string }[];
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly next: string;
    readonly migration?: string;
    readonly finished?: readonly string[];
    readonly sqlState?: string;
  };
}

/** What the database holds when all processes have ended, and before anything is done about it. */
export interface Aftermath {
  readonly ledger: readonly string[];
  readonly log: readonly {
    readonly migration: string;
    readonly state: string;
    readonly pid: number;
    /** In milliseconds, by the clock of the server. */
    readonly startedAt: number;
  }[];
}

export interface Circumstances {
  readonly effect: 'none' | 'failures' | 'lost replies';
  readonly way: Way | undefined;
  /** Another process may have reverted what this one has applied. */
  readonly isReverting: boolean;
  /** What it must have applied when it succeeds. */
  readonly expected: readonly string[];
}

/**
 * A wait is reported after five seconds and every ten from then on, and a signal ends a command in six; a process that is given less of the
 * processor takes longer.
 */
const longestSilenceMs = 12_000;
const longestPartingMs = 7000;
const slowness = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/** Compares what a process said with what is true. */
export function judgeClaims(ended: Ended, after: Aftermath, at: Circumstances): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (category: Category, text: string): void =>
    void findings.push({ category, text: `${ended.part} (${ended.deploy} deploy): ${text}` });
  if (`${ended.stdout}${ended.stderr}`.includes(marker)) find('passwords', 'its output contains the password');
  if (ended.isHung) find('hung', `it did not end; its last words: ${ended.stderr.slice(-300)}`);
  if (ended.silentMs > longestSilenceMs * slowness())
    find('hung', `it said nothing for ${Math.round(ended.silentMs / 1000)} s`);
  if ((ended.partingMs ?? 0) > longestPartingMs * slowness())
    find('hung', `it ended ${Math.round((ended.partingMs ?? 0) / 1000)} s after SIGTERM`);
  const late = startedAfterSignal(ended, after);
  if (late.length > 0) find('hung', `it went on after SIGTERM, and started ${late.join(', ')}`);
  if (ended.signal !== null) return findings;
  const told = read(ended.stdout);
  if (told === undefined) {
    // Before the command has begun to listen, a signal ends the process as it does any other.
    if (ended.partingMs === undefined || ended.stdout !== '')
      find('wrong reports', `it printed no JSON: ${ended.stdout}${ended.stderr}`.slice(0, 500));
    return findings;
  }
  for (const text of [
    ...wrongOutcome(ended, told, at),
    ...wrongNames(ended, told, after),
    ...wrongState(ended, told, after, at),
  ])
    find('wrong reports', text);
  if (twice.has(told.error?.sqlState ?? ''))
    find('doubled', `it found its own work done: ${told.error?.message ?? ''}`);
  const failure = unexpectedFailure(ended, told, at);
  if (failure !== undefined) find('failed', failure);
  return findings;
}

/** An object is there already, or is gone already: another process has executed the same statement. */
const twice = new Set(['42701', '42703', '42704', '42710', '42P01', '42P07']);

/** What is at work when a signal comes may come to its end; nothing more is started. */
function startedAfterSignal({ pid, termedAt }: Ended, { log }: Aftermath): readonly string[] {
  if (termedAt === undefined) return [];
  return log
    .filter((row) => row.pid === pid && row.startedAt > termedAt + 300 * slowness())
    .map(({ migration }) => migration);
}

function read(stdout: string): Told | undefined {
  try {
    return JSON.parse(stdout) as Told;
  } catch {
    return undefined;
  }
}

function wrongOutcome({ code }: Ended, { error }: Told, { effect }: Circumstances): readonly string[] {
  if (error === undefined) return code === 0 ? [] : [`it ended with ${code} and without an error`];
  const texts: string[] = [];
  if (code === 0) texts.push(`it ended with 0 in spite of ${error.code}`);
  if (['INTERNAL', 'none'].includes(error.code) || error.next === '')
    texts.push(`it failed without a reason: ${error.message}`);
  if (error.code === 'OUTCOME_UNKNOWN' && effect !== 'lost replies') texts.push(`no reply was lost: ${error.message}`);
  return texts;
}

/** What it says to have done, and what is recorded for it. */
function wrongNames(
  { part, pid }: Ended,
  { booted, applied, reverted, error }: Told,
  { log }: Aftermath,
): readonly string[] {
  const state = part === 'revert' ? 'reverted' : 'applied';
  const own = log.filter((row) => row.state === state && row.pid === pid).map(({ migration }) => migration);
  const said = error?.finished ?? (part === 'revert' ? reverted : applied)?.map(({ name }) => name) ?? [];
  const texts = said
    .filter((name) => !own.includes(name))
    .map((name) => `it said to have ${state} ${name}, of which the log knows nothing`);
  if (booted) return texts;
  const mentioned = (name: string): boolean =>
    error !== undefined &&
    ((error.code === 'OUTCOME_UNKNOWN' && error.migration === name) ||
      (/(?:was|were) committed/.test(error.message) && error.message.includes(name)) ||
      (error.code === 'CANCELLED' && error.message.includes('did not finish in time')));
  const silent = own.filter((name) => !said.includes(name) && !mentioned(name));
  return [...texts, ...silent.map((name) => `it has ${state} ${name} and did not say so: ${error?.message ?? ''}`)];
}

const nothingChanged = /Nothing was changed|No migration was started/;

function wrongState(
  { part, pid }: Ended,
  { error }: Told,
  { ledger, log }: Aftermath,
  at: Circumstances,
): readonly string[] {
  if (error === undefined) {
    if (part === 'revert' || at.isReverting) return [];
    const missing = at.expected.filter((name) => !ledger.includes(name));
    return missing.length === 0 ? [] : [`it succeeded, and these are not applied: ${missing.join(', ')}`];
  }
  const changed = log.filter((row) => row.pid === pid && ['applied', 'reverted'].includes(row.state));
  return nothingChanged.test(error.message) && changed.length > 0 && error.finished === undefined
    ? [`it said that nothing was changed: ${error.message}`]
    : [];
}

function unexpectedFailure({ part, code }: Ended, { error }: Told, { effect, way }: Circumstances): string | undefined {
  const said = error?.code ?? 'done';
  if (way?.mustSay !== undefined && effect === 'none' && part !== 'revert' && said !== way.mustSay)
    return `it should have ended with ${way.mustSay}, and ended with ${said}: ${error?.message ?? ''}`;
  if (way?.mustSay === undefined && effect === 'none' && part !== 'revert' && code !== 0)
    return `nothing was wrong, and it failed with ${said}: ${error?.message ?? ''}`;
  return undefined;
}
