import { faults as all } from './faults/all.js';
import type { Fault } from './faults/fault.js';
import { categories } from './findings.js';
import type { Finding } from './findings.js';
import { Place } from './place.js';
import { playRound } from './round.js';
import { Random } from '../support/random.js';

export interface Options {
  readonly seed: number;
  /** The one round to play; without it, as many as `minutes` or `rounds` allow, whose seeds follow from that of the campaign. */
  readonly round?: number;
  readonly minutes?: number;
  readonly rounds?: number;
  /** Only these kinds of fault. */
  readonly kinds?: readonly string[];
  /** They strike only at messages with such SQL: a regular expression. */
  readonly at?: string;
  /** Where the package lies that makes what is compared with, and the one that is played with. */
  readonly shipped: string;
  readonly installed: string;
  /** Ends the campaign with the first finding. */
  readonly until?: 'first finding';
  readonly tell: (line: string) => void;
}

export interface Found extends Finding {
  /** The seed of the round. */
  readonly seed: number;
  readonly faults: readonly string[];
}

export interface Report {
  readonly seed: number;
  readonly minutes: number;
  readonly rounds: number;
  readonly processes: number;
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** Why some kinds could not be tried. */
  readonly notRun: Readonly<Record<string, string>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Found[];
}

/** Plays rounds one after the other. */
export async function campaign(options: Options): Promise<Report> {
  const { seed, round, minutes, kinds, at, shipped, installed, tell } = options;
  const rounds = round === undefined ? (options.rounds ?? Infinity) : 1;
  const place = new Place();
  const notRun: Record<string, string> = {};
  const struck: Record<string, number> = {};
  const findings: Found[] = [];
  const started = performance.now();
  let [played, processes] = [0, 0];
  const asked = all.filter(({ kind }) => kinds === undefined || kinds.includes(kind));
  const usable = asked.filter((fault) => {
    const missing = fault.missing?.(place);
    if (missing !== undefined) notRun[fault.kind] = missing;
    else struck[fault.kind] = 0;
    return missing === undefined;
  });
  const elapsed = (): number => (performance.now() - started) / 60_000;
  try {
    while (played < rounds && elapsed() < (minutes ?? Infinity)) {
      const roundSeed = round ?? seed * 1000 + played;
      played += 1;
      const faults = faultsOf(roundSeed, usable);
      const names = faults.map(({ kind }) => kind);
      const found: Finding[] = [];
      try {
        const result = await playRound(
          { seed: roundSeed, faults, at: at === undefined ? undefined : new RegExp(at), shipped, installed },
          place,
        );
        processes += result.processes;
        for (const one of result.struck) if (one.struck) struck[one.kind] = (struck[one.kind] ?? 0) + 1;
        found.push(...result.findings);
      } catch (error) {
        found.push({ category: 'failed', text: `the round could not be played: ${String((error as Error).stack)}` });
        await place.end().catch((why: unknown) => tell(`A server could not be ended: ${String(why)}`));
      }
      for (const one of found) {
        findings.push({ ...one, seed: roundSeed, faults: names });
        tell(
          `✖ round ${roundSeed} (${names.join(' + ')}): ${one.category}: ${one.text}\n  ${repeatWith(roundSeed, options)}`,
        );
      }
      if (found.length > 0 && options.until) break;
    }
  } finally {
    await place.remove();
  }
  const counts = Object.fromEntries(
    categories.map((category) => [category, findings.filter((one) => one.category === category).length]),
  );
  const report = { seed, minutes: Math.round(elapsed() * 10) / 10, rounds: played, processes, faults: struck, notRun };
  return { ...report, counts, findings };
}

/** Which faults a round has follows from its seed: each kind in turn, and now and then another one besides. */
function faultsOf(seed: number, usable: readonly Fault[]): readonly Fault[] {
  const random = new Random(seed);
  const first = usable[seed % usable.length];
  const second = random.pick(usable);
  if (first === undefined) return [];
  const both = second !== first && !first.alone && !second.alone && random.chance(0.4);
  return both ? [first, second] : [first];
}

function repeatWith(seed: number, { kinds, at }: Pick<Options, 'kinds' | 'at'>): string {
  const only = [...(kinds ?? []).map((kind) => ` --fault "${kind}"`), at ? ` --at '${at}'` : ''].join('');
  return `npm run fire -- --round ${seed}${only}`;
}
