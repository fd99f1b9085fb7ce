import { messageOf } from '../../src/errors.js';
import { rules } from '../../src/rules/all-rules.js';
import type { Entry, Expected } from '../lint/corpus/entry.js';
import { judgeFiles } from './judge.js';
import type { Found, JudgedFile } from './judge.js';

/** An entry, and what the rules that are on by themselves say of it. */
export interface Verdict {
  readonly entry: Entry;
  /** Errors and warnings only. */
  readonly found: readonly Pick<Found, 'rule' | 'severity' | 'message'>[];
  readonly failure: unknown;
}

const matterOfTaste = new Set(rules.filter(({ optional }) => optional).map(({ name }) => name));

/** Several at once: each has a database of its own. */
export async function judgeAll(entries: readonly Entry[]): Promise<readonly Verdict[]> {
  const verdicts = new Map<Entry, Verdict>();
  const waiting = entries.values();
  const work = async (): Promise<void> => {
    for (const entry of waiting) verdicts.set(entry, await judge(entry));
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return entries.flatMap((entry) => verdicts.get(entry) ?? []);
}

async function judge(entry: Entry): Promise<Verdict> {
  const { given, targetVersion } = entry;
  try {
    const { found, error } = await judgeFiles(filesOf(entry), { given, targetVersion });
    const cannot = { rule: 'cannot-be-judged', severity: 'error', message: messageOf(error) } as const;
    const all = error === undefined ? found : [...found, cannot];
    return { entry, found: all.filter(isWorseThanNotice), failure: error };
  } catch (failure) {
    return { entry, found: [], failure };
  }
}

function filesOf({ migration, transaction, phase }: Entry): readonly JudgedFile[] {
  return [migration].flat().map((file) => {
    const { up, ...own } = typeof file === 'object' ? file : { up: file };
    return { transaction, phase, ...own, up };
  });
}

function isWorseThanNotice({ rule, severity }: Pick<Found, 'rule' | 'severity'>): boolean {
  return severity !== 'notice' && !matterOfTaste.has(rule);
}

export function missed({ entry, found }: Verdict, severity: Expected['severity']): readonly Expected[] {
  const isMet = (expected: Expected): boolean =>
    found.some((one) => expected.rules.includes(one.rule) && (severity === 'warning' || one.severity === 'error'));
  return (entry.expect ?? []).filter((expected) => expected.severity === severity && !isMet(expected));
}

/** Findings that are neither expected nor tolerated. */
export function unwanted({ entry, found }: Verdict): Verdict['found'] {
  const wanted = new Set([...(entry.allowed ?? []), ...(entry.expect ?? []).flatMap((expected) => expected.rules)]);
  return found.filter(({ rule }) => !wanted.has(rule));
}

export function rates(verdicts: readonly Verdict[], severities: readonly Expected['severity'][]): string {
  const isCounted = ({ severity }: { readonly severity: Found['severity'] }): boolean =>
    severities.some((one) => one === severity);
  const expected = verdicts.flatMap(({ entry }) => entry.expect ?? []).filter(isCounted).length;
  const misses = severities.flatMap((severity) => verdicts.flatMap((verdict) => missed(verdict, severity))).length;
  const found = verdicts.flatMap((verdict) => verdict.found).filter(isCounted).length;
  const wrong = verdicts.flatMap(unwanted).filter(isCounted).length;
  return `precision ${share(found - wrong, found)}, recall ${share(expected - misses, expected)}`;
}

function share(part: number, whole: number): string {
  return `${part}/${whole} (${whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`})`;
}
