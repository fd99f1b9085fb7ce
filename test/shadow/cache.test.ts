import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepCacheInMemory, openCache } from '../../src/shadow/cache.js';

let dir: string;
const before = process.env['NEST_MIGRATE_CACHE'];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-cache-test-'));
  process.env['NEST_MIGRATE_CACHE'] = dir;
});
afterEach(() => {
  if (before === undefined) delete process.env['NEST_MIGRATE_CACHE'];
  else process.env['NEST_MIGRATE_CACHE'] = before;
  rmSync(dir, { recursive: true, force: true });
});

const isEmptied = (): void => readdirSync(dir).forEach((name) => rmSync(join(dir, name)));

it('forgets what is no longer on disk, unless the process keeps it in memory', async () => {
  const cache = openCache(['1']);
  await cache.set('a', { rows: [1] });
  expect(await cache.get('a')).toEqual({ rows: [1] });
  isEmptied();
  expect(await cache.get('a')).toBeUndefined();

  keepCacheInMemory();
  const value = { rows: [2] };
  await cache.set('b', value);
  isEmptied();
  expect(await cache.get('b')).toBe(value);
  expect(await openCache(['2']).get('b')).toBeUndefined();
});

it('keeps a limited number of values in memory, those in use first', async () => {
  keepCacheInMemory();
  const cache = openCache(['1']);
  await cache.set('used', { rows: [1] });
  for (let index = 0; index < 40; index++) {
    await cache.set(`other ${index}`, { rows: [index] });
    await cache.get('used');
  }
  isEmptied();
  expect(await cache.get('used')).toEqual({ rows: [1] });
  expect(await cache.get('other 39')).toEqual({ rows: [39] });
  expect(await cache.get('other 0')).toBeUndefined();
});
