import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { itInFull } from '../support/sample.js';

let tmp: string;
beforeAll(() => {
  tmp = mkdtempSync(join(tmpdir(), 'nest-migrate-image-'));
});
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

const folder = (): string => join(tmp, `nest-migrate-${process.getuid?.() ?? 'cache'}`);
const inFolder = (): readonly string[] => {
  try {
    return readdirSync(folder());
  } catch {
    return [];
  }
};

/** A process that opens a new database, which is copied from the image. */
async function open(name: string): Promise<string> {
  const module = JSON.stringify(resolve('build/esm/data-source/data-folder.js'));
  const script = `const { openFolder } = await import(${module});
await (await openFolder(${JSON.stringify(join(tmp, name))}, {}, [])).close();
console.log('opened');
process.exit();`;
  const { stdout, stderr } = await runNode(['--input-type=module', '--eval', script], {
    cwd: process.cwd(),
    env: { TMPDIR: tmp },
  });
  return stdout.trim() || stderr;
}

describe('the image of new embedded databases', () => {
  it('is created once by processes that start at the same moment', async () => {
    const seen = new Set<string>();
    const watch = setInterval(() => inFolder().forEach((name) => seen.add(name)), 10);
    expect(await Promise.all(['a', 'b', 'c'].map(open))).toEqual(['opened', 'opened', 'opened']);
    clearInterval(watch);
    const drafts = [...seen].filter((name) => /^pglite-.*-\w{6}$/.test(name));
    expect(drafts).toHaveLength(1);
    expect(inFolder()).toEqual([expect.stringMatching(/^pglite-[\d.]+-\w{8}$/)]);
  });

  itInFull(
    'is not waited for when the process that made it was killed',
    async () => {
      const [image = ''] = inFolder();
      rmSync(folder(), { recursive: true });
      mkdirSync(folder(), { mode: 0o700 });
      const { stdout } = await runNode(['--eval', 'console.log(process.pid)'], { cwd: process.cwd() });
      writeFileSync(join(folder(), `${image}.making`), stdout.trim());
      expect(await open('d')).toBe('opened');
      expect(inFolder()).toEqual([image]);
      // Waiting would take longer than that.
    },
    15_000,
  );
});
