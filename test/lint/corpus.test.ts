import { beforeAll, describe, expect, it } from '@jest/globals';
import { messageOf } from '../../src/errors.js';
import { rules } from '../../src/rules/all-rules.js';
import { judgeAll, missed, rates, unwanted } from '../support/verdict.js';
import type { Verdict } from '../support/verdict.js';
import type { Expected } from './corpus/entry.js';
import { corpus } from './corpus/list.js';

const good = corpus.filter(({ expect: expected }) => expected === undefined);
const bad = corpus.filter(({ expect: expected }) => expected !== undefined);
/** Hazards that no rule looks for. */
const withoutRule = ['backfill-not-resumable', 'grant-revoke'];

describe('migrations that were not written for the rules', () => {
  let verdicts: readonly Verdict[] = [];

  beforeAll(async () => {
    verdicts = await judgeAll(corpus);
    process.stderr.write(`${summary(verdicts)}\n`);
  }, 300_000);

  it('are many, of both kinds, each with a unique name', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(150);
    expect(good.length).toBeGreaterThanOrEqual(60);
    expect(bad.length).toBeGreaterThanOrEqual(60);
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
    expect(corpus.filter(({ expect: expected }) => expected?.length === 0)).toEqual([]);
    expect(verdicts).toHaveLength(corpus.length);
  });

  it('refer to existing rules', () => {
    const known = new Set([...rules.map(({ name }) => name), 'cannot-be-judged', ...withoutRule]);
    const spokenOf = corpus.flatMap(({ expect: expected = [], allowed = [] }) => [
      ...expected.flatMap((one) => one.rules),
      ...allowed,
    ]);
    expect([...new Set(spokenOf)].filter((name) => !known.has(name))).toEqual([]);
  });

  it('can be executed', () => {
    const wrong = verdicts.filter(({ entry, failure }) => (failure !== undefined) !== (entry.fails === true));
    expect(
      wrong.map(
        ({ entry, failure }) => `${entry.name}: ${failure === undefined ? 'did not fail' : messageOf(failure)}`,
      ),
    ).toEqual([]);
  });

  it('have findings if they are bad', () => {
    expect(verdicts.flatMap((verdict) => missed(verdict, 'error').map(missing(verdict)))).toEqual([]);
  });

  it('have no findings if they are good', () => {
    expect(verdicts.filter(isGood).flatMap((verdict) => unwanted(verdict).map(alarming(verdict)))).toEqual([]);
  });

  it('have no findings that are unrelated to the problem', () => {
    expect(verdicts.flatMap((verdict) => unwanted(verdict).map(alarming(verdict)))).toEqual([]);
  });
});

function isGood({ entry }: Verdict): boolean {
  return entry.expect === undefined;
}

function missing({ entry, found }: Verdict): (expected: Expected) => string {
  const instead = found.map(({ rule, severity }) => `${severity} ${rule}`).join(', ') || 'nothing';
  return (expected) => `${entry.name}: no ${expected.severity} ${expected.rules.join(' or ')}; found ${instead}`;
}

function alarming({ entry }: Verdict): (one: Verdict['found'][number]) => string {
  return ({ rule, severity, message }) => `${entry.name}: ${severity} ${rule}: ${message}`;
}

function summary(verdicts: readonly Verdict[]): string {
  const errors = rates(verdicts, ['error']);
  const both = rates(verdicts, ['error', 'warning']);
  const counts = `${corpus.length} migrations, ${good.length} good and ${bad.length} bad`;
  return `${counts}. Errors: ${errors}. Errors and warnings: ${both}.`;
}
