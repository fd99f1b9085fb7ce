import { expect, it } from '@jest/globals';
import { oneAtATime } from '../../src/testing/one-at-a-time.js';

it('where nothing can be written, such as on a full disk, each does the work without waiting for others', async () => {
  const claim = { file: '/nowhere/at/all.making', isDone: () => false, longestMs: 60_000 };
  const waited = new Promise((resolve) => setTimeout(resolve, 30_000, 'waited').unref());
  expect(await Promise.race([oneAtATime(claim, () => Promise.resolve('done')), waited])).toBe('done');
});
