import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { imageOf } from '../../src/testing/image.js';

const cache = process.env['NEST_MIGRATE_CACHE'];

it('an old image is removed at once: what a killed process leaves of it is not used', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'nest-migrate-images-'));
  process.env['NEST_MIGRATE_CACHE'] = parent;
  try {
    const make = async (folder: string): Promise<{ readonly isSure: boolean }> => {
      writeFileSync(join(folder, 'PG_VERSION'), '18');
      return Promise.resolve({ isSure: true });
    };
    const images = await Promise.all(Array.from({ length: 10 }, (_, index) => imageOf(`image-${String(index)}`, make)));
    const [{ folder: old } = { folder: '' }] = images;
    mkdirSync(join(old, 'base'));
    for (let file = 0; file < 2000; file++) writeFileSync(join(old, 'base', String(file)), '');
    for (const { folder } of images) utimesSync(folder, 1000, 1000);
    utimesSync(old, 500, 500);
    const seen = new Set<number>();
    const made = imageOf('another', make);
    const look = (): void => {
      try {
        seen.add(readdirSync(join(old, 'base')).length);
      } catch {
        // It has been taken away, as a whole.
      }
    };
    for (let next = ''; next !== 'made'; next = await Promise.race([made.then(() => 'made'), turn('look again')]))
      look();
    expect([...seen]).toEqual([2000]);
    expect(existsSync(old)).toBe(false);
    // Nothing is left under another name either.
    expect(readdirSync(join(old, '..')).length).toBeLessThan(10);
  } finally {
    process.env['NEST_MIGRATE_CACHE'] = cache;
    rmSync(parent, { recursive: true, force: true });
  }
});
