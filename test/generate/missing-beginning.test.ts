import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { MigrationClass } from '../../src/files/migration.js';
import type { Migrator } from '../../src/migrator.js';
import { Developer } from '../dev/developer.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';

const product = new EntitySchema({
  name: 'product',
  columns: { id: { type: 'int', primary: true }, price: { type: 'int', nullable: true } },
});
// TypeORM does not compare the name of the key.
const synchronized = 'CREATE TABLE product (id int NOT NULL, CONSTRAINT by_hand PRIMARY KEY (id))';
const older = ['1700000000000-AddPrice', '1700000000001-Index'] as const;
const says = (name: string) =>
  expect.stringMatching(new RegExp(`^No earlier migration names "${name}".*help missing-beginning`));
const shadow = serverUrl();

let own: TestDatabase, staging: TestDatabase, empty: TestDatabase;
let developer: Developer, deploy: Developer, colleague: Developer;
beforeAll(async () => {
  [own, staging, empty] = [await createDatabase(), await createDatabase(), await createDatabase()];
  developer = new Developer(own);
  // The same project in front of other databases.
  [deploy, colleague] = [staging, empty].map((database) =>
    Object.assign(new Developer(database), { folder: developer.folder }),
  ) as [Developer, Developer];
  mkdirSync(developer.folder);
  writeFileSync(
    join(developer.folder, `${older[0]}.sql`),
    '-- up\nALTER TABLE product ADD COLUMN price int;\n-- down\nALTER TABLE product DROP COLUMN price;\n',
  );
  writeFileSync(
    join(developer.folder, `${older[1]}.sql`),
    '-- up\nCREATE INDEX price ON product (price);\n-- down\nDROP INDEX price;\n',
  );
  for (const [database, project] of [
    [own, developer],
    [staging, deploy],
  ] as const) {
    await database.query(synchronized);
    await project.as([product], (migrator) => migrator.run());
  }
});
afterAll(async () => {
  for (const database of [own, staging, empty]) await database.drop();
  for (const { dir } of [developer, deploy, colleague]) rmSync(dir, { recursive: true });
});

it('every command says that the beginning is missing, and where the way out is', async () => {
  const run = await failureOf(colleague.as([product], (migrator) => migrator.run()));
  expect(run).toMatchObject({ code: 'MIGRATION_FAILED', migration: 'AddPrice1700000000000', next: says('product') });
  for (const command of [
    (migrator: Migrator): Promise<unknown> => migrator.generate({ shadow }),
    (migrator: Migrator): Promise<unknown> => migrator.drift({ shadow }),
  ]) {
    expect(await failureOf(developer.as([product], command))).toMatchObject({
      code: 'REPLAY_FAILED',
      next: expect.stringMatching(
        /^No earlier migration names "product"[^]*\nIf only this is missing.*initialState: "CREATE TABLE product …"/,
      ),
    });
  }
  const { steps } = await developer.as([product], (migrator) => migrator.check({ shadow }));
  expect(steps.flatMap(({ findings }) => findings.map(({ next }) => next))).toContainEqual(
    expect.stringContaining('help missing-beginning'),
  );
});

it('the way out works for all databases', async () => {
  for (const name of older) rmSync(join(developer.folder, `${name}.sql`));
  const { recorded, drift } = await developer.as([product], (migrator) =>
    migrator.baseline({ shadow, language: 'sql', others: 'take over' }),
  );
  expect(drift).toEqual([]);
  expect(recorded).toEqual([expect.stringMatching(/^BaselineStep1/), expect.stringMatching(/^Baseline\d/)]);
  // A developer goes on, also without a file for what is in the ledger.
  expect(await developer.dev([product])).toMatchObject({ files: [], takenBack: [], statements: [] });
  const unready = await failureOf(deploy.as([product], (migrator) => migrator.run()));
  expect(unready.next).toMatch(/^The database has it already.*run --fake --to Baseline\d+\n.*baseline --check/);
  expect(await deploy.as([product], (migrator) => migrator.baseline({ shadow, check: true }))).toMatchObject({
    drift: [],
  });
  const to = /--to (\w+)/.exec(String(unready.next))?.[1];
  await deploy.as([product], (migrator) => migrator.run({ mode: 'fake', to }));
  await colleague.as([product], (migrator) => migrator.run());
  for (const one of [developer, deploy, colleague])
    expect(await one.as([product], (migrator) => migrator.drift({ shadow }))).toMatchObject({ drift: [] });
  expect(await developer.as([product], (migrator) => migrator.check({ shadow }))).toMatchObject({ ok: true });
});

it('a database has what the pending migrations create by hand, before they are recorded', async () => {
  const index = 'CREATE INDEX price_by_hand ON product USING btree (price) WHERE (price > 0)';
  writeFileSync(
    join(developer.folder, '1900000000000-ByHand.sql'),
    `-- up\n${index};\n-- down\nDROP INDEX price_by_hand;\n`,
  );
  for (const check of [true, false])
    expect(
      await developer.as([product], (migrator) => migrator.baseline({ shadow, check, language: 'sql' })),
    ).toMatchObject({
      drift: [index.replace('ON product', 'ON public.product')],
      warnings: [expect.stringMatching(/^ByHand1900000000000 .* index price_by_hand/)],
      recorded: [],
    });
  await own.query(index);
  expect(await developer.as([product], (migrator) => migrator.baseline({ shadow, language: 'sql' }))).toMatchObject({
    drift: [],
    recorded: ['ByHand1900000000000'],
  });
});

it('a migration that calls synchronize() is no beginning: changes of entities would not be found', async () => {
  const database = await createDatabase();
  const first = migration('First1700000000000', {
    up: [(queryRunner) => queryRunner.connection.synchronize()],
    down: ['DROP TABLE product'],
  });
  const options = { entities: [product] };
  const at = { url: database.url, migrations: [first], options };
  await using(at, (migrator) => migrator.run());
  expect(await failureOf(using(at, (migrator) => migrator.generate({ shadow })))).toMatchObject({
    code: 'REPLAY_FAILED',
    message: expect.stringMatching(/^Migration First1700000000000 could not be replayed .*: It calls synchronize\(\)/),
    next: expect.stringMatching(/help missing-beginning\n.*--from/),
    migration: 'First1700000000000',
  });
  const { result } = await using(at, (migrator) => migrator.generate({ shadow, from: database.url, dryRun: true }));
  expect(result.statements).toEqual([]);
  await database.drop();
});

it('says nothing of the kind if an earlier migration may have created it', async () => {
  const advice = async (up: string, earlier: MigrationClass): Promise<string> => {
    const database = await createDatabase();
    const migrations = [earlier, migration('Second1700000000001', { up: [up] })];
    const { next } = await failureOf(using({ url: database.url, migrations }, (migrator) => migrator.run()));
    await database.drop();
    return String(next);
  };
  const alter = 'ALTER TABLE a ADD x int';
  const first = {
    First1700000000000: class {
      up(runner: QueryRunner) {
        return runner.query('CREATE TABLE b ()');
      }
      down() {}
    },
  }.First1700000000000;
  const drops = {
    First1700000000000: class {
      up(runner: QueryRunner) {
        return runner.query('DROP TABLE IF EXISTS a');
      }
      down() {}
    },
  }.First1700000000000;
  expect(await advice(alter, first)).toEqual(says('a'));
  expect(await advice('ALTER TABLE "nt-users" ADD x int', first)).toEqual(says('nt-users'));
  expect(await advice('ALTER TABLE b DROP CONSTRAINT "FK_1"', first)).toEqual(says('FK_1'));
  expect(await advice('CREATE TABLE t (x intt)', first)).toMatch(/^Correct/);
  expect(await advice(alter, drops)).toMatch(/^Correct/);
  expect(await advice('CREATE TABLE t (x hstore)', first)).not.toMatch(/missing-beginning/);
  // The SQL of this one is not in its class.
  expect(await advice(alter, migration('First1700000000000', { up: ['SELECT 1'] }))).toMatch(/^Correct/);
});
