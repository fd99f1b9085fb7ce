import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { checkPair } from '../support/pair.js';
import type { Pair } from '../support/pair.js';
import { changedModel, randomModel } from '../support/random-entities.js';
import { Random } from '../support/random.js';
import { shrink } from '../support/shrink.js';
import { full } from '../support/sample.js';

// One after the other from here on: PROPERTY_SEED=17 starts with a seed that failed.
const first = Number(process.env['PROPERTY_SEED'] ?? 1);
const count = Number(process.env['PROPERTY_COUNT'] ?? (full ? 2000 : 3));
/** These have failed once; they are tried with every run that names no other. */
const failedBefore = process.env['PROPERTY_SEED'] === undefined ? [203] : [];
const seeds = [...failedBefore, ...Array.from({ length: count }, (_, at) => first + at)];
const lanes = 3;
let databases: readonly TestDatabase[] = [];

beforeAll(async () => {
  databases = await Promise.all(Array.from({ length: lanes * 2 }, () => createDatabase()));
});

afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
});

test(`${seeds.length} changes lead there and back, and keep the contents of the rows`, async () => {
  let cautious = 0;
  const failures: string[] = [];
  const lane = async (number: number): Promise<void> => {
    const urls = [databases[number * 2]?.url ?? '', databases[number * 2 + 1]?.url ?? ''] as const;
    for (let mine = seeds.shift(); mine !== undefined && failures.length < 5; mine = seeds.shift()) {
      const pair = pairOf(mine);
      try {
        if ((await checkPair(pair, urls)).cautious) cautious += 1;
      } catch (error) {
        failures.push(await told(mine, pair, error as Error, urls));
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  if (cautious > 0) process.stderr.write(`${cautious} of ${count} needed the order as it was.\n`);
  expect(failures.join('\n\n')).toBe('');
}, 7_200_000);

function pairOf(seed: number): Pair {
  const random = new Random(seed);
  const before = randomModel(random);
  return { before, after: changedModel(before, random), mode: random.chance(0.8) ? 'online' : 'direct' };
}

async function told(seed: number, pair: Pair, error: Error, urls: readonly [string, string]): Promise<string> {
  const kind = kindOf(error);
  let smallestError = error;
  const smallest = await shrink(pair, async (smaller) => {
    try {
      await checkPair(smaller, urls);
      return false;
    } catch (again) {
      if (kindOf(again as Error) !== kind) return false;
      smallestError = again as Error;
      return true;
    }
  });
  return `Seed ${seed} (${smallest.mode}): ${smallestError.message}\nbefore ${JSON.stringify(smallest.before)}\nafter  ${JSON.stringify(smallest.after)}`;
}

function kindOf({ message }: Error): string {
  return (
    message
      .split('\n')[0]
      ?.replace(/"[^"]*"/g, '')
      .slice(0, 60) ?? ''
  );
}
