import { writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { campaign } from './campaign.js';
import type { Options } from './campaign.js';
import { itInFull } from '../support/sample.js';
import { install, mutants, mutated, readBuild } from './mutants.js';
import type { Mutant } from './mutants.js';

type Asked = Omit<Options, 'shipped' | 'installed' | 'tell'> & {
  readonly result?: string;
  /** Plays with mutants instead, each until it is found: those whose guard matches. */
  readonly mutants?: string;
};

/** What `npm run acceptance` plays: it needs nothing but npm. `npm run fire` asks for more. */
const short: Asked = {
  seed: 1,
  rounds: 1,
  kinds: ['connection cut', 'session terminated'],
};
const asked = process.env['FIRE'] ? (JSON.parse(process.env['FIRE']) as Asked) : short;
const itWhenAsked = process.env['FIRE'] ? it : itInFull;
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const longest = 12 * 3_600_000;

function keep(result: object): void {
  if (asked.result !== undefined) writeFileSync(asked.result, JSON.stringify(result, null, 2));
}

async function play(): Promise<void> {
  const { dir, remove } = install();
  const report = await campaign({ ...asked, shipped: dir, installed: dir, tell });
  remove();
  keep(report);
  expect(report.findings).toEqual([]);
}

/** Within two minutes, one finding at least. */
async function find(mutant: Mutant): Promise<string> {
  const [shipped, installed] = [install(), install(mutant)];
  const given = {
    seed: asked.seed,
    minutes: 2,
    kinds: mutant.faults,
    ...(mutant.at && { at: mutant.at }),
    until: 'first finding',
  } as const;
  const { findings, minutes, rounds, faults } = await campaign({
    ...given,
    shipped: shipped.dir,
    installed: installed.dir,
    tell: () => undefined,
  });
  shipped.remove();
  installed.remove();
  const [found] = findings;
  const how = found ? `${found.faults.join(' + ')}: ${found.category}: ${found.text}` : 'NOT FOUND';
  tell(`${mutant.guard}: ${how.slice(0, 200)} (${rounds} rounds, ${minutes} min, struck: ${JSON.stringify(faults)})`);
  return found?.category ?? 'not found';
}

describe('under fire', () => {
  if (asked.mutants === undefined) itWhenAsked('no fault duplicates, loses, hangs or is misreported', play, longest);
  else
    it(
      'every guard that is switched off is detected',
      async () => {
        const chosen = mutants.filter(({ guard }) => new RegExp(asked.mutants ?? '').test(guard));
        const found: Record<string, string> = {};
        for (const mutant of chosen) found[mutant.guard] = await find(mutant);
        keep({ mutants: found });
        expect(Object.entries(found).filter(([, how]) => how === 'not found')).toEqual([]);
      },
      longest,
    );

  it('every mutant still applies to the build', () => {
    const build = readBuild();
    for (const mutant of mutants) mutated(mutant, build);
    expect(mutants.length).toBeGreaterThanOrEqual(10);
  });
});
