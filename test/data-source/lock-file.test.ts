import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inUse, takeLockFile } from '../../src/data-source/lock-file.js';
import { startNode } from '../support/cli.js';
import type { RunningCli } from '../support/cli.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nest-migrate-lock-'));
  file = join(folder, 'deep', 'database.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function taken(): Promise<() => void> {
  const lock = await takeLockFile(file);
  if (lock.owner !== undefined) throw inUse(lock.owner, file, 'The database', 'is not shared');
  return lock.release;
}

/** A process that takes the lock, says so, and keeps it for as long as it is told. */
function taker(keepMs: number): RunningCli {
  const module = JSON.stringify(resolve('build/esm/data-source/lock-file.js'));
  const script = `import { appendFileSync } from 'node:fs';
import { takeLockFile } from ${module};
const lock = await takeLockFile(${JSON.stringify(file)});
if (lock.owner) console.log('EMBEDDED_IN_USE');
else {
  appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'taken ' + process.pid + '\\n');
  console.log('taken');
  setTimeout(() => {
    appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'released ' + process.pid + '\\n');
    lock.release();
  }, ${keepMs});
}`;
  return startNode(['--input-type=module', '--eval', script], { cwd: folder });
}

const told = (running: RunningCli): Promise<string> =>
  new Promise((done) => running.process.stdout?.once('data', (text) => done(String(text).trim())));

interface Owner {
  pid: number;
  started: string | null;
  place: string;
  token: string;
}
const owner = (): Owner => JSON.parse(readFileSync(file, 'utf8')) as Owner;
const leave = (changes: Partial<Owner>): void =>
  writeFileSync(file, JSON.stringify({ ...owner(), token: 'of another', ...changes }));

describe('the lock file', () => {
  it('exists while it is held, and is removed afterwards', async () => {
    const release = await taken();
    expect(owner().pid).toBe(process.pid);
    await expect(taken()).rejects.toMatchObject({
      code: 'EMBEDDED_IN_USE',
      message: expect.stringContaining(String(process.pid)) as unknown,
    });
    release();
    expect(existsSync(file)).toBe(false);
    (await taken())();
  });

  it('is removed by an exit, and taken over after kill -9', async () => {
    const exiting = taker(10);
    expect(await told(exiting)).toBe('taken');
    await exiting.result;
    expect(existsSync(file)).toBe(false);

    const killed = taker(60_000);
    expect(await told(killed)).toBe('taken');
    expect(await told(taker(0))).toBe('EMBEDDED_IN_USE');
    killed.process.kill('SIGKILL');
    await killed.result;
    expect(owner().pid).toBe(killed.process.pid);
    const release = await taken();
    expect(owner().pid).toBe(process.pid);
    release();
  });

  it('is taken over by only one of many processes', async () => {
    const killed = taker(60_000);
    await told(killed);
    killed.process.kill('SIGKILL');
    await killed.result;
    rmSync(join(folder, 'log'));
    const takers = Array.from({ length: 8 }, () => taker(30));
    const results = await Promise.all(takers.map(({ result }) => result));
    expect(results.map(({ stderr }) => stderr).join('')).toBe('');
    const log = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
    expect(log.length).toBeGreaterThan(1);
    // Each owner has released it before the next one takes it.
    for (let line = 0; line < log.length; line += 2)
      expect([log[line], log[line + 1]]).toEqual([
        expect.stringMatching(/^taken/),
        log[line]?.replace('taken', 'released'),
      ]);
    expect(existsSync(file)).toBe(false);
  });

  it('is taken over if the pid of its process now belongs to another one', async () => {
    const release = await taken();
    if (owner().started === null) return expect(process.platform).not.toBe('linux');
    leave({ started: '1' });
    const again = await taken();
    expect(owner().token).not.toBe('of another');
    // The first one lost it, and must not remove what is not its own.
    release();
    expect(existsSync(file)).toBe(true);
    again();
  });

  it('is respected while a process of another machine or container touches it', async () => {
    (await taken())();
    writeFileSync(file, JSON.stringify({ pid: 1, started: '1', place: 'elsewhere pid:[1]', token: 't' }));
    await expect(taken()).rejects.toThrow('process 1 on elsewhere');
    const long = new Date(Date.now() - 60_000);
    utimesSync(file, long, long);
    (await taken())();
    expect(existsSync(file)).toBe(false);
  });

  it.each(['', '{"pid":', 'null'])('is taken over if it contains %j, as after a full disk', async (text) => {
    (await taken())();
    writeFileSync(file, text);
    (await taken())();
    expect(existsSync(file)).toBe(false);
  });

  it('is taken over even if a process died during a takeover', async () => {
    const release = await taken();
    leave({ started: '1' });
    writeFileSync(`${file}.takeover`, JSON.stringify({ ...owner(), pid: 2 ** 22 + 1, token: 'dead' }));
    const again = await taken();
    expect(owner().pid).toBe(process.pid);
    expect(existsSync(`${file}.takeover`)).toBe(false);
    again();
    release();
  });
});
