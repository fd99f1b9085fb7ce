import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContractPolicy } from '../../src/options.js';
import type { MigrationClass } from '../../src/files/migration.js';
import type { RunOptions, RunResult } from '../../src/commands/types.js';
import { createDatabase, serverLog } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';

/** A migration of the release that its timestamp begins with: v2's are 20, 21, … */
const file = (name: string, n: number, phase: 'expand' | 'contract', up: string, down = 'SELECT 1'): MigrationClass =>
  migration(`${name}${1700000000000 + n}`, { phase, up: [up], down: [down] });

const create = file('Create', 10, 'expand', 'CREATE TABLE t (id int, a text)', 'DROP TABLE t');
const addB = file('AddB', 20, 'expand', 'ALTER TABLE t ADD b text', 'ALTER TABLE t DROP b');
const dropA = file('DropA', 21, 'contract', 'ALTER TABLE t DROP a', 'ALTER TABLE t ADD a text');
const addAgain = file('AddAgain', 30, 'expand', 'ALTER TABLE t ADD a int', 'ALTER TABLE t DROP a');
const dropB = file('DropB', 31, 'contract', 'ALTER TABLE t DROP b', 'ALTER TABLE t ADD b text');
const addC = file('AddC', 40, 'expand', 'ALTER TABLE t ADD c text', 'ALTER TABLE t DROP c');

const v1 = [create];
const v2 = [...v1, addB, dropA];
const v3 = [...v2, addAgain, dropB];
const v4 = [...v3, addC];

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const nameOf = (full: string): string => full.slice(0, -13);
const columns = async (): Promise<string> =>
  (await database.query(`SELECT column_name AS name FROM information_schema.columns WHERE table_name = 't' ORDER BY 1`))
    .map(({ name }) => String(name))
    .join(' ');
const applied = async (): Promise<string> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => nameOf(String(name))).join(' ');
const notes = async (): Promise<readonly string[]> =>
  (await database.query(`SELECT migration, newest FROM migrations_log WHERE state = 'deferred' ORDER BY id`)).map(
    ({ migration: name, newest }) => `${nameOf(String(name))} < ${nameOf(String(newest))}`,
  );
const migrate = async (
  migrations: readonly MigrationClass[],
  options: RunOptions = {},
  contract: ContractPolicy = 'next-deploy',
): Promise<{ readonly applied: string; readonly deferred: string; readonly told: readonly string[] }> => {
  const { result, events } = await using({ url: database.url, migrations, settings: { contract } }, (migrator) =>
    migrator.run(options),
  );
  const told = events.flatMap((event) =>
    event.type === 'deferred'
      ? [`${nameOf(event.migration)}: ${event.due}`]
      : event.type === 'warning'
        ? [event.code]
        : [],
  );
  return { ...short(result), told };
};
const short = (result: RunResult): { readonly applied: string; readonly deferred: string } => ({
  applied: result.applied.map(({ name }) => nameOf(name)).join(' '),
  deferred: result.deferred.map(nameOf).join(' '),
});
const statusOf = async (migrations: readonly MigrationClass[], contract: ContractPolicy = 'next-deploy') => {
  const { result } = await using({ url: database.url, migrations, settings: { contract } }, (migrator) =>
    migrator.status(),
  );
  return {
    pending: result.pending.map(
      ({ name, phase, deferred, due }) => `${nameOf(name)} ${phase}${deferred ? `, ${due}` : ''}`,
    ),
    problems: result.problems.map(({ code }) => code),
  };
};

describe("contract: 'next-deploy'", () => {
  beforeEach(() => migrate(v1));

  it('defers a contract migration to the run that knows newer files, which runs it first', async () => {
    expect(await migrate(v2)).toEqual({ applied: 'AddB', deferred: 'DropA', told: ['DropA: next deploy'] });
    expect([await columns(), await notes()]).toEqual(['a b id', ['DropA < DropA']]);
    // The new files need what the old contract did, and bring one of their own.
    expect(await migrate(v3)).toEqual({ applied: 'DropA AddAgain', deferred: 'DropB', told: ['DropB: next deploy'] });
    expect(await notes()).toEqual(['DropA < DropA', 'DropB < DropB']);
    expect(await migrate(v4)).toEqual({ applied: 'DropB AddC', deferred: '', told: [] });
    expect([await columns(), await applied()]).toEqual(['a c id', 'Create AddB DropA AddAgain DropB AddC']);
  });

  it('is the default only in production', async () => {
    const before = process.env['NODE_ENV'];
    const run = (migrations: readonly MigrationClass[]) =>
      using({ url: database.url, migrations }, (migrator) => migrator.run());
    try {
      process.env['NODE_ENV'] = 'production';
      expect((await run(v2)).result.deferred).toHaveLength(1);
      process.env['NODE_ENV'] = 'development';
      expect((await run(v2)).result.deferred).toHaveLength(0);
      expect(await columns()).toBe('b id');
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('continues to defer, without a lock and without writing, in every other process of the same deploy', async () => {
    await migrate(v2);
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const said = await migrate(v2);
    expect(said).toEqual({ applied: '', deferred: 'DropA', told: ['DropA: next deploy'] });
    await sleep(50);
    const statements = serverLog(database).filter(
      (line) => line.includes('statement: ') && !line.includes('ALTER DATABASE'),
    );
    expect(statements).toEqual([expect.stringContaining('AS half_done')]);
    expect(await notes()).toEqual(['DropA < DropA']);
  });

  it('considers the migrations of its own service only, if another one shares the ledger', async () => {
    const other = (...migrations: readonly MigrationClass[]) => ({
      url: database.url,
      migrations,
      settings: { service: 'other' },
    });
    const [older, newer] = [file('Older', 5, 'expand', 'SELECT 1'), file('Newer', 90, 'expand', 'SELECT 1')];
    await using(other(older), (migrator) => migrator.run());
    await migrate(v2);
    await using(other(older, newer), (migrator) => migrator.run());
    await using(other(older, newer), (migrator) => migrator.revert({ which: 'all' }));
    expect(await migrate(v2)).toEqual({ applied: '', deferred: 'DropA', told: ['DropA: next deploy'] });
    expect(await migrate(v3)).toMatchObject({ applied: 'DropA AddAgain', deferred: 'DropB' });
  });

  it('is not affected by an older version that starts in the meantime', async () => {
    // Two deploys at once: the note is of the newer one.
    expect(await migrate([...v2, addC])).toMatchObject({ applied: 'AddB AddC', deferred: 'DropA' });
    for (const old of [v1, v2, [...v2, addC]]) expect((await migrate(old)).applied).toBe('');
    expect([await notes(), await columns()]).toEqual([['DropA < AddC'], 'a b c id']);
    const newer = file('Newer', 50, 'expand', 'SELECT 1');
    // Not out of order, although it is older than what is applied: it was deferred.
    expect(await migrate([...v2, addC, newer])).toEqual({ applied: 'DropA Newer', deferred: '', told: [] });
  });

  it('runs everything in order if nothing is applied: no old version of the app needs what is dropped', async () => {
    await using({ url: database.url, migrations: v1 }, (migrator) => migrator.revert());
    expect(await migrate(v4)).toEqual({ applied: 'Create AddB DropA AddAgain DropB AddC', deferred: '', told: [] });
  });

  it('names the deferred migration if a newer one may have failed because of it', async () => {
    const error = await failureOf(migrate(v3));
    expect(error.message).toContain('AddAgain1700000000030 failed');
    expect(error.next).toContain('deferred before it (DropA1700000000021)');
    expect(error.next).toContain('nest-migrate run --phase all');
    // The rollout did not take place, so nothing is noted.
    expect(await notes()).toEqual([]);
    expect(await migrate(v3, { phase: 'all' })).toMatchObject({ applied: 'DropA AddAgain DropB' });
  });

  it('waits for a whole deploy again after the migration, or one it depends on, was reverted', async () => {
    await migrate(v2);
    await using({ url: database.url, migrations: v2 }, (migrator) => migrator.revert());
    expect(await applied()).toBe('Create');
    const v3Late = [...v2, addC];
    expect(await migrate(v3Late)).toMatchObject({ applied: 'AddB AddC', deferred: 'DropA' });
    expect(await notes()).toEqual(['DropA < DropA', 'DropA < AddC']);
    expect(await migrate(v3Late, { phase: 'contract' })).toMatchObject({ applied: 'DropA' });
    await using({ url: database.url, migrations: v3Late }, (migrator) => migrator.revert());
    expect(await migrate(v3Late)).toMatchObject({ applied: '', deferred: 'DropA' });
    expect(await notes()).toHaveLength(3);
    expect(await migrate(v3Late)).toMatchObject({ applied: '', deferred: 'DropA' });
    expect(await notes()).toHaveLength(3);
  });

  it('stays deferred if a migration that this version does not contain was reverted', async () => {
    await migrate(v2);
    const other = migration('Other1700000000001', { up: ['SELECT 1'], down: ['SELECT 1'] });
    await migrate([other, ...v2]);
    await using({ url: database.url, migrations: [other, ...v2] }, (migrator) => migrator.revert());
    const { result } = await using({ url: database.url, migrations: v2 }, (migrator) => migrator.status());
    expect(result.pending).toMatchObject([{ name: 'DropA1700000000021', deferred: true }]);
    const known = await using({ url: database.url, migrations: [other, ...v2] }, (migrator) => migrator.status());
    expect(known.result.pending).toMatchObject([{ name: 'Other1700000000001' }, { name: 'DropA1700000000021' }]);
    expect(known.result.pending[1]).not.toHaveProperty('deferred');
  });

  it('continues a migration that has begun', async () => {
    const plain = migration('Plain1700000000022', {
      phase: 'contract',
      transaction: false,
      up: ['ALTER TABLE t ALTER a DROP NOT NULL', 'ALTER TABLE t DROP missing'],
    });
    await failureOf(migrate([create, plain], { phase: 'contract' }));
    await database.query('ALTER TABLE t ADD missing int');
    expect(await migrate([create, plain])).toMatchObject({ applied: 'Plain', deferred: '' });
  });

  it('uses the phase in the file if its mark was removed', async () => {
    await migrate(v2);
    const harmless = file('DropA', 21, 'expand', 'SELECT 1');
    expect(await migrate([create, addB, harmless])).toMatchObject({ applied: 'DropA', deferred: '' });
  });

  it('judges a migration of a late merge separately', async () => {
    await migrate(v2);
    const late = file('Late', 15, 'expand', 'UPDATE t SET a = 1');
    // No newer file: it is not known whether this is a new deploy.
    expect(await migrate([create, late, addB, dropA])).toEqual({
      applied: 'Late',
      deferred: 'DropA',
      told: ['OUT_OF_ORDER', 'DropA: next deploy'],
    });
    const lateToo = file('LateToo', 16, 'expand', 'UPDATE t SET a = 2');
    // Files keep their order: what was written before the contract may still use what it drops.
    expect(await migrate([create, late, lateToo, addB, dropA, addC])).toMatchObject({ applied: 'LateToo DropA AddC' });
  });
});

describe("contract: 'manual' and 'immediately'", () => {
  beforeEach(() => migrate(v1));

  it('manual waits for --phase contract, however many deploys follow', async () => {
    expect(await migrate(v2, {}, 'manual')).toEqual({ applied: 'AddB', deferred: 'DropA', told: ['DropA: manual'] });
    expect(await migrate([...v2, addC], {}, 'manual')).toMatchObject({ applied: 'AddC', deferred: 'DropA' });
    expect(await statusOf([...v2, addC], 'manual')).toEqual({ pending: ['DropA contract, manual'], problems: [] });
    const done = await migrate([...v2, addC], { phase: 'contract' }, 'manual');
    expect(done).toEqual({ applied: 'DropA', deferred: '', told: [] });
  });

  it('immediately runs all in order, including deferred ones', async () => {
    await migrate(v2);
    expect(await migrate(v3, {}, 'immediately')).toEqual({
      applied: 'DropA AddAgain DropB',
      deferred: '',
      told: [],
    });
  });
});

describe('run --phase', () => {
  beforeEach(() => migrate(v1));

  it('expand defers all contract migrations, even if they are due', async () => {
    expect(await migrate(v2, { phase: 'expand' }, 'immediately')).toMatchObject({
      applied: 'AddB',
      told: ['DropA: next run'],
    });
    const more = [...v2, addC];
    expect(await migrate(more, { phase: 'expand' })).toMatchObject({ applied: 'AddC', told: ['DropA: next run'] });
    expect(await notes()).toEqual(['DropA < DropA']);
    expect(await statusOf(more)).toEqual({ pending: ['DropA contract, next run'], problems: [] });
  });

  it('contract runs only contract migrations, and only if everything before them is applied', async () => {
    const error = await failureOf(migrate(v2, { phase: 'contract' }));
    expect([error.code, error.exitCode]).toEqual(['MIGRATIONS_PENDING', 3]);
    expect(error.message).toContain('These must be applied before the contract migration DropA1700000000021: AddB');
    await migrate(v2);
    expect(await migrate([...v2, addC], { phase: 'contract' })).toMatchObject({ applied: 'DropA' });
    expect(await applied()).toBe('Create AddB DropA');
  });

  it('all runs everything in order', async () => {
    expect(await migrate(v3, { phase: 'all' })).toMatchObject({ applied: 'AddB DropA AddAgain DropB', deferred: '' });
  });
});

describe('the other options', () => {
  beforeEach(() => migrate(v1));

  it.each<[string, RunOptions, string, string, number]>([
    ['--to a contract migration includes it', { to: 'DropA' }, 'AddB DropA', '', 0],
    ['--to something before it does not meet it', { to: 'AddB' }, 'AddB', '', 0],
    ['--to with --phase due goes by the setting', { to: 'DropA', phase: 'due' }, 'AddB', 'DropA', 1],
    ['--fake records all', { mode: 'fake' }, 'AddB DropA', '', 0],
    ['--fake --phase expand does not', { mode: 'fake', phase: 'expand' }, 'AddB', 'DropA', 1],
    ['--transaction all', { transaction: 'all' }, 'AddB', 'DropA', 1],
    ['--dry-run shows what would run now and notes nothing', { mode: 'dry' }, '', 'DropA', 0],
  ])('%s', async (_title, options, done, deferred, noted) => {
    expect(await migrate(v2, options)).toMatchObject({ applied: done, deferred });
    expect(await notes()).toHaveLength(noted);
  });

  it('--count counts what runs, and records nothing whose turn has not come', async () => {
    const split = [
      create,
      addB,
      file('Fill', 21, 'expand', 'UPDATE t SET b = a'),
      file('DropA', 22, 'contract', 'SELECT'),
    ];
    expect(await migrate(split, { count: 1 })).toMatchObject({ applied: 'AddB', deferred: '' });
    expect(await notes()).toEqual([]);
    expect(await migrate(split, { count: 1 })).toMatchObject({ applied: 'Fill', deferred: 'DropA' });
    expect(await notes()).toEqual(['DropA < DropA']);
  });

  it('--dry-run shows the SQL of what is due', async () => {
    await migrate(v2);
    const { result } = await using(
      { url: database.url, migrations: v3, settings: { contract: 'next-deploy' } },
      (migrator) => migrator.run({ mode: 'dry' }),
    );
    expect(result.statements?.map(({ sql }) => sql)).toEqual(['ALTER TABLE t DROP a', 'ALTER TABLE t ADD a int']);
  });

  it('revert goes back in the order in which migrations were applied', async () => {
    await migrate([...v2, addC]);
    await migrate([...v2, addC], { phase: 'contract' });
    const { result } = await using({ url: database.url, migrations: v4 }, (migrator) => migrator.revert({ count: 2 }));
    expect(result.reverted.map(({ name }) => nameOf(name))).toEqual(['DropA', 'AddC']);
    expect(await columns()).toBe('a b id');
  });

  it('status shows phases; a contract migration counts as deferred once a run has deferred it', async () => {
    expect(await statusOf(v2)).toEqual({ pending: ['AddB expand', 'DropA contract'], problems: [] });
    await migrate([...v2, addC]);
    expect(await statusOf([...v2, addC])).toEqual({ pending: ['DropA contract, next deploy'], problems: [] });
  });

  it('wait ends if only deferred migrations are left', async () => {
    const how = { url: database.url, migrations: v2 };
    const waiting = using(how, (migrator) => migrator.wait({ until: 'migrated', timeoutMs: 10_000 }));
    await migrate(v2);
    expect((await waiting).result.pending).toEqual([]);
  });

  it('run records the deferral even if TypeORM has applied everything else', async () => {
    await database.query('DROP TABLE migrations_log');
    expect(await migrate([create, dropA])).toMatchObject({ applied: '', deferred: 'DropA' });
    expect(await notes()).toEqual(['DropA < DropA']);
  });

  it('an unknown policy is refused', async () => {
    const error = await failureOf(migrate(v1, {}, 'never' as ContractPolicy));
    expect([error.code, error.message]).toEqual([
      'OPTIONS_INVALID',
      expect.stringContaining('contract must be one of'),
    ]);
  });
});

describe('rolling deploys', () => {
  /** Four replicas of a version at once, and what is left of the version before, restarting between them. */
  const rollOut = async (version: readonly MigrationClass[], before: readonly MigrationClass[]) => {
    const starts = [version, before, version, before, version, before, version];
    return Promise.all(
      starts.map(async (migrations, n) => {
        await sleep(n * 15);
        return migrate(migrations);
      }),
    );
  };
  const appliedBy = (results: readonly { readonly applied: string }[]): string =>
    results
      .map((result) => result.applied)
      .filter(Boolean)
      .join(' + ');

  it('keep what the previous version needs until it is gone', async () => {
    // Each takes its time, so that the others really meet it at work.
    const slow = (all: readonly MigrationClass[]): readonly MigrationClass[] => [
      ...all,
      file('Slow', Math.max(...all.map(({ name }) => Number(name.slice(-2)))) + 5, 'expand', 'SELECT pg_sleep(0.2)'),
    ];
    const one = slow(v1);
    const two = slow([...one, addB, dropA]);
    const three = slow([...two, addAgain, dropB]);
    expect(appliedBy(await rollOut(one, []))).toBe('Create Slow');

    const second = await rollOut(two, one);
    expect(appliedBy(second)).toBe('AddB Slow');
    expect([await columns(), await notes()]).toEqual(['a b id', ['DropA < Slow']]);
    // What restarts between the deploys, of either version, changes nothing.
    expect(appliedBy(await Promise.all([migrate(two), migrate(one), migrate(two)]))).toBe('');

    const third = await rollOut(three, two);
    expect(appliedBy(third)).toBe('DropA AddAgain Slow');
    expect([await columns(), await notes()]).toEqual(['a b id', ['DropA < Slow', 'DropB < Slow']]);
    expect(await database.query(`SELECT data_type FROM information_schema.columns WHERE column_name = 'a'`)).toEqual([
      { data_type: 'integer' },
    ]);
    expect(third.filter(({ deferred }) => deferred === 'DropB').length).toBeGreaterThanOrEqual(4);
    expect(appliedBy(await Promise.all([migrate(three), migrate(two), migrate(three)]))).toBe('');
  });
});
