import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';

let database: TestDatabase;
beforeEach(async () => void (database = await createDatabase()));
afterEach(() => database.drop());

const users = migration('Users1700000000001', { up: ['CREATE TABLE users (email text)'], down: ['DROP TABLE users'] });
const unique = migration('Unique1700000000003', {
  transaction: false,
  up: [`INSERT INTO users VALUES ('a'), ('a')`, 'CREATE UNIQUE INDEX CONCURRENTLY email ON users (email)'],
  down: ['DROP INDEX CONCURRENTLY email'],
});
const later = migration('Later1700000000004', { up: ['CREATE TABLE later ()'], down: ['DROP TABLE later'] });
const of = (...migrations: readonly (typeof users)[]) => ({ url: database.url, migrations });

describe('a deploy that failed in a migration without a transaction, and was rolled back', () => {
  beforeEach(async () => {
    await failureOf(using(of(users, unique), (migrator) => migrator.run({ phase: 'due' })));
  });

  it('does not keep the older version from starting, which says so, and what to do', async () => {
    const { result, events } = await using(of(users), (migrator) => migrator.run({ phase: 'due' }));
    expect(result.applied).toEqual([]);
    expect(events).toContainEqual({
      type: 'warning',
      code: 'NEWER_HALF_DONE',
      message:
        'Stopped in the middle, and newer than every file here: Unique1700000000003. The version that contains it can finish it.',
    });
    const { result: status } = await using(of(users), (migrator) => migrator.status());
    expect(status.problems).toMatchObject([
      { code: 'HALF_DONE', message: expect.stringMatching(/Its file is not here: nest-migrate run in the version/) },
    ]);
    const refused = await failureOf(using(of(users), (migrator) => migrator.revert()));
    expect([refused.code, refused.next]).toEqual([
      'MIGRATION_HALF_DONE',
      `Its file is not here: nest-migrate run in the version that contains it continues there. Or record what you have done by hand:
  nest-migrate resolve Unique1700000000003 --not-started   all of it was undone by hand: start again
  nest-migrate resolve Unique1700000000003 --finished   all of it was finished by hand: record that`,
    ]);
    await database.query('TRUNCATE users');
    const finished = await using(of(users, unique), (migrator) => migrator.run({ phase: 'due' }));
    expect(finished.result.applied).toMatchObject([{ name: 'Unique1700000000003' }]);
  });

  it('is refused by a version that has newer migrations, but not this one', async () => {
    const refused = await failureOf(using(of(users, later), (migrator) => migrator.run({ phase: 'due' })));
    expect([refused.code, refused.next]).toEqual([
      'MIGRATION_HALF_DONE',
      expect.stringMatching(/^Its file is not here/),
    ]);
  });
});

it('the older version reverts the last change as a whole, although only the log knows its deferred contract part', async () => {
  const project = createProject({ 'migrations/1700000000001-Users.sql': '-- up\nCREATE TABLE users ();' });
  const how = {
    url: database.url,
    migrations: [`${project.dir}/migrations/*.sql`],
    settings: { contract: 'next-deploy' },
  } as const;
  const run = () => using(how, (migrator) => migrator.run({ phase: 'due' }));
  await run();
  const parts = {
    '1700000000011-AddAgeStep1.sql': '-- up\nCREATE TABLE step1 ();\n-- down\nDROP TABLE step1;',
    '1700000000012-AddAgeStep2.sql': '-- up\nCREATE TABLE step2 ();\n-- down\nDROP TABLE step2;',
    '1700000000013-AddAge.sql': '-- phase: contract\n-- up\nDROP TABLE users;',
  };
  for (const [file, text] of Object.entries(parts)) project.write(`migrations/${file}`, text);
  const { result } = await run();
  expect(result.deferred).toEqual(['AddAge1700000000013']);
  for (const file of Object.keys(parts)) project.delete(`migrations/${file}`);
  const reverted = await using(how, (migrator) => migrator.revert());
  const migrations = ['AddAgeStep21700000000012', 'AddAgeStep11700000000011'];
  expect(reverted.result.changes).toEqual([{ name: 'AddAge1700000000013', migrations, stay: [] }]);
  const { result: status } = await using(how, (migrator) => migrator.status());
  expect(status.changes.map(({ name }) => name)).toEqual(['Users1700000000001']);
  expect(await database.query('SELECT name FROM migrations')).toEqual([{ name: 'Users1700000000001' }]);
  project.remove();
});

it('a change that another process has applied in the meantime is not reverted', async () => {
  const slow = migration('Slow1700000000002', { up: ['SELECT pg_sleep(2)', 'CREATE TABLE slow ()'] });
  await using(of(users), (migrator) => migrator.run());
  const running = using(of(users, slow), (migrator) => migrator.run());
  await sleep(700);
  const refused = await failureOf(using(of(users, slow), (migrator) => migrator.revert()));
  expect([refused.code, refused.message]).toEqual([
    'LEDGER_CHANGED',
    'While this waited for the lock, another process has applied Slow1700000000002. Nothing was reverted.',
  ]);
  await running;
  expect(await database.query('SELECT name FROM migrations')).toHaveLength(2);
});

it('if one of several changes cannot be reverted, the advised command reverts what remains, and no more', async () => {
  const broken = migration('Broken1700000000002', { up: ['SELECT 1'], down: ['DROP TABLE later'] });
  const all = of(users, broken, later);
  await using(all, (migrator) => migrator.run());
  const failed = await failureOf(using(all, (migrator) => migrator.revert({ count: 2 })));
  expect([failed.finished, failed.next]).toEqual([
    ['Later1700000000004'],
    'Correct the migration or the data, then run `nest-migrate revert --to Users1700000000001` again.',
  ]);
});

it('if the first part of a change is there already, only that part is advised to be recorded', async () => {
  const first = migration('AddAgeStep11700000000011', { up: ['CREATE TABLE users ()'] });
  const last = migration('AddAge1700000000012', { up: ['CREATE TABLE ages ()'] });
  const failed = await failureOf(using(of(users, first, last), (migrator) => migrator.run()));
  expect(failed.next).toMatch(/record it as applied: nest-migrate run --fake --to AddAgeStep11700000000011\n/);
});
