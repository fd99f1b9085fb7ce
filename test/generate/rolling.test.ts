import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createMigrator } from '../../src/migrator.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createFolder, everything, rowsOf, shop, withoutNote } from './shop.js';
import type { MigrationsFolder, Shop } from './shop.js';
import { full } from '../support/sample.js';

/** With ACCEPTANCE=full on a large table, so that the versions overlap for long. */
const orders = full ? 300_000 : 5_000;
const longEnough = 600_000;
/** This number of calls shows that a replica serves. */
const enough = 10;

interface Version {
  readonly name: string;
  readonly entities: Shop;
  readonly migrations: readonly string[];
  /** What its code writes, in the words of its entities. */
  readonly order: (n: number) => object;
  readonly change: (n: number) => object;
}

interface Replica {
  readonly version: string;
  readonly errors: readonly string[];
  readonly calls: () => number;
  stop(): Promise<void>;
}

async function hasServed({ calls }: Replica): Promise<void> {
  while (calls() <= enough) await sleep(20);
}

const common = (n: number): object => ({ customerId: (n % 1000) + 1, email: `b${n}@shop.example`, region: 'west' });
let numbers = 0;
const unique = (): string => `code ${(numbers += 1)} ${Math.random()}`;

describe('three versions with four replicas each, one after the other', () => {
  let folder: MigrationsFolder;
  let versions: readonly Version[];
  let database: TestDatabase;
  const replicas: Replica[] = [];

  beforeAll(async () => {
    folder = createFolder();
    const first = await folder.generate(shop(), { name: 'Initial' });
    const second = await folder.generate(everything.after, everything.options);
    const third = await folder.generate(withoutNote.after, withoutNote.options);
    const one: Version = {
      name: 'one',
      entities: shop(),
      migrations: first.files,
      order: (n) => ({ ...common(n), code: unique(), quantity: (n % 9) + 1, note: 'one', legacy: 'one' }),
      change: (n) => ({ quantity: (n % 50) + 1, legacy: 'changed', note: null, status: 'paid', placed: new Date() }),
    };
    const two: Version = {
      name: 'two',
      entities: everything.after,
      migrations: [...one.migrations, ...second.files],
      order: (n) => ({
        ...common(n),
        code: unique(),
        quantity: '5000000000',
        total: n,
        note: 'two',
        customer: { id: (n % 1000) + 1 },
      }),
      change: (n) => ({
        quantity: String(5_000_000_000 + n),
        email: `${'long'.repeat(12)}${n}@shop.example`,
        note: 'two',
      }),
    };
    const three: Version = {
      ...two,
      name: 'three',
      entities: withoutNote.after,
      migrations: [...two.migrations, ...third.files],
      order: (n) => ({ ...common(n), code: unique(), quantity: n + 1, total: n, customer: { id: (n % 1000) + 1 } }),
      change: (n) => ({ quantity: String(n + 1), status: 'sent' }),
    };
    versions = [one, two, three];
  }, longEnough);
  afterAll(() => folder.remove());
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    await Promise.all(replicas.splice(0).map((replica) => replica.stop()));
    await database.drop();
  });

  it(
    'no replica of any version fails',
    async () => {
      const [one, two, three] = versions as [Version, Version, Version];
      const all: Replica[] = [];
      const start = async (version: Version): Promise<Replica> => {
        const replica = await startReplica(version, database.url);
        replicas.push(replica);
        all.push(replica);
        return replica;
      };
      await start(one);
      await database.query(rowsOf(orders));
      for (let n = 0; n < 3; n++) await start(one);
      for (const replica of all) await hasServed(replica);
      for (const version of [two, three]) {
        // As a rolling update does it: one more is up before one of the old ones goes.
        for (let n = 0; n < 4; n++) {
          await hasServed(await start(version));
          await sleep(full ? 1000 : 100);
          await replicas.shift()?.stop();
        }
        await sleep(full ? 2000 : 200);
      }
      const errors = all.flatMap(({ version, errors: met }) => met.map((error) => `${version}: ${error}`));
      expect([...new Set(errors)]).toEqual([]);
      expect(all.map(({ version, calls }) => [version, calls() > enough])).toEqual(
        ['one', 'two', 'three'].flatMap((name) => Array.from({ length: 4 }, () => [name, true])),
      );
      // What version two took away went when version three came; what version three takes away is still there.
      const left = await database.query(
        `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1`,
      );
      expect(left.map(({ name }) => name)).toEqual([
        'code',
        'customer_id',
        'email',
        'id',
        'note',
        'placed',
        'quantity',
        'region',
        'status',
        'token',
        'total',
      ]);
    },
    longEnough,
  );
});

/** Migrates as an app does at its start, then works until it is stopped. */
async function startReplica(version: Version, url: string): Promise<Replica> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    entities: [...version.entities],
    poolSize: 3,
  });
  await dataSource.initialize();
  // TypeORM would import the files itself, and under Jest its `import()` may be that of a test file which has ended.
  const migrator = createMigrator({
    dataSource,
    migrations: [...version.migrations],
    settings: { contract: 'next-deploy' },
  });
  await migrator.run();
  await migrator.close();
  const errors: string[] = [];
  const state = { calls: 0, ended: false };
  const repository = dataSource.getRepository('Order');
  const call = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      errors.push((error as Error).message);
    }
    state.calls += 1;
  };
  const work = async (): Promise<void> => {
    while (!state.ended) {
      const n = Math.floor(Math.random() * orders);
      await call(() => repository.save(version.order(n)));
      await call(() => repository.update({ id: n + 1 }, version.change(n)));
      await call(async () => {
        const found = await repository.findOneBy({ id: n + 1 });
        if (found) await repository.save({ ...found, region: 'east' });
      });
      await call(() => repository.find({ where: { email: `b${n}@shop.example` }, take: 3, order: { id: 'DESC' } }));
      await sleep(5);
    }
  };
  const working = [work(), work()];
  return {
    version: version.name,
    errors,
    calls: () => state.calls,
    stop: async () => {
      state.ended = true;
      await Promise.all(working);
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}
