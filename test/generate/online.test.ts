import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlanResult } from '../../src/commands/plan/types.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { changes, createFolder, filledShop } from './shop.js';
import type { MigrationsFolder, ShopChange } from './shop.js';
import { full } from '../support/sample.js';

/** Four clients read and write while the table changes. With ACCEPTANCE=full it is large, and how long they wait is asserted. */
const orders = full ? 1_000_000 : 20_000;
const longEnough = 600_000;
/** A wait that goes unnoticed, in milliseconds on top of the longest wait before. */
const noticeable = 250;
type Message = 'waits' | 'next version' | 'end';

interface Waits {
  readonly read: number;
  readonly write: number;
  readonly errors: readonly string[];
  readonly statements: number;
}

interface Measured {
  readonly before: Waits;
  readonly during: Waits;
  readonly seconds: number;
  /** What `plan` says before, of all files of the change: whether anybody will have to wait. */
  readonly predicted: string;
}

/** Whether a later step finds the rows that it needs is not known before an earlier one has filled them; that is no matter of waiting. */
function predictedBy({ verdict, migrations }: PlanResult): string {
  const doubts = migrations.flatMap(({ verdict: own, why }) => (own === 'not known' ? why : []));
  const others = doubts.filter((doubt) => !doubt.includes('earlier statements change rows'));
  if (verdict !== 'not known') return verdict;
  return others.length === 0 ? 'safe now' : others.join('\n');
}

describe(`a table with ${orders} rows and four clients`, () => {
  let folder: MigrationsFolder;
  let filled: TestDatabase;
  const results: { readonly name: string; readonly online: Measured; readonly naive: Measured }[] = [];

  beforeAll(async () => {
    folder = createFolder();
    filled = await filledShop(folder, orders);
    await filled.query('VACUUM ANALYZE');
    await filled.query('CHECKPOINT');
    await filled.disconnect();
  }, longEnough);
  afterAll(async () => {
    folder.remove();
    await filled.drop();
    if (full) process.stderr.write(`${tableOf(results)}\n`);
  });

  // With few rows only the harness is tried: what is planned, recipes.test.ts looks at.
  const some = full ? changes : changes.filter((_change, index) => index % 14 === 0);
  it.each(some.map((change) => [change.name, change] as const))(
    '%s',
    async (name, change) => {
      const online = await measured(change, 'online');
      const naive = await measured(change, 'naive');
      results.push({ name, online, naive });
      if (full) process.stderr.write(`${rowOf({ name, online, naive })}\n`);
      expect([...online.before.errors, ...online.during.errors]).toEqual([]);
      expect(online.during.statements).toBeGreaterThan(0);
      if (!full) return;
      expect(online.predicted).toBe('safe now');
      // A statement that is predicted to block does block, and one that is predicted to be safe does not.
      const waited = Math.max(naive.during.read - naive.before.read, naive.during.write - naive.before.write);
      expect({ waited, predicted: waited > 40 ? 'will block' : 'safe now' }).toEqual({
        waited,
        predicted: naive.predicted,
      });
      expect(online.during.read).toBeLessThan(online.before.read + noticeable);
      expect(online.during.write).toBeLessThan(online.before.write + noticeable);
    },
    longEnough,
  );

  async function measured(change: ShopChange, how: 'online' | 'naive'): Promise<Measured> {
    const generated = await folder.generate(change.after, { ...change.options, online: how === 'online' });
    const database = await createDatabase(filled.name);
    const clients = await startClients(database.url, change);
    try {
      await sleep(full ? 1000 : 100);
      await clients.ask('waits');
      await sleep(full ? 5000 : 300);
      const before = await clients.ask('waits');
      const predicted = predictedBy(
        await folder.with(database.url, (migrator) => migrator.plan({ phase: 'all', shadow: serverUrl(), deep: true })),
      );
      await clients.ask('waits');
      const started = performance.now();
      await folder.run(database.url, { phase: 'expand' });
      await sleep(20);
      const expand = await clients.ask('next version');
      await sleep(20);
      await clients.ask('waits');
      await folder.run(database.url, { phase: 'contract' });
      const seconds = (performance.now() - started) / 1000 - 0.04;
      await sleep(100);
      const during = longerOf(expand, await clients.ask('end'));
      return { before, during, seconds, predicted };
    } finally {
      clients.process.kill();
      folder.forget(generated);
      await database.drop();
    }
  }
});

async function startClients(
  url: string,
  { inserts = {} }: ShopChange,
): Promise<{ readonly process: ChildProcess; ask(message: Message): Promise<Waits> }> {
  const process = fork(resolve('test/generate/clients.mjs'), [url, String(orders), JSON.stringify(inserts)]);
  await once(process, 'message');
  const ask = async (message: Message): Promise<Waits> => {
    const answer = once(process, 'message') as Promise<[Waits]>;
    process.send(message);
    return (await answer)[0];
  };
  return { process, ask };
}

function longerOf(one: Waits, other: Waits): Waits {
  return {
    read: Math.max(one.read, other.read),
    write: Math.max(one.write, other.write),
    errors: [...one.errors, ...other.errors],
    statements: one.statements + other.statements,
  };
}

function tableOf(results: readonly { name: string; online: Measured; naive: Measured }[]): string {
  return [
    '| change | naive: read / write, duration | online: read / write, duration | before: read / write |',
    '| --- | --- | --- | --- |',
    ...results.map(rowOf),
  ].join('\n');
}

function rowOf({ name, online, naive }: { name: string; online: Measured; naive: Measured }): string {
  const waits = ({ read, write }: Waits): string => `${Math.round(read)} / ${Math.round(write)} ms`;
  const cell = ({ during, seconds }: Measured): string => `${waits(during)}, ${seconds.toFixed(1)} s`;
  return `| ${name} | ${cell(naive)} | ${cell(online)} | ${waits(online.before)} |`;
}
