import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { runCli, startCli } from '../support/cli.js';
import { perTest } from '../support/per-test.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, itInFull } from '../support/sample.js';

/** `npm run acceptance` repeats what is random as often as the acceptance demands; the plain tests do it a few times. */
const rounds = (all: number, few: number): number => (full ? all : few);
const longEnough = full ? 1_800_000 : 120_000;

const own = perTest();

function projectWith(files: Readonly<Record<string, string>>): TestProject {
  return createProject({
    'package.json': '{ "name": "replicas" }',
    'data-source.js': `module.exports = { type: 'postgres', url: '${own.database.url}', migrations: ['migrations/*.{js,sql}'] };`,
    ...files,
  });
}

const stamp = (n: number): number => 1700000000000 + n;

describe('16 processes that start at the same moment', () => {
  itInFull(
    'apply 30 migrations exactly once',
    async () => {
      own.project = projectWith(
        Object.fromEntries(
          Array.from({ length: 30 }, (_, n) => [
            `migrations/${stamp(n)}-M${n}.sql`,
            `-- up\nCREATE TABLE t${n} (id int);\nINSERT INTO t${n} VALUES (${n});\n-- down\nDROP TABLE t${n};`,
          ]),
        ),
      );
      for (let round = 0; round < rounds(20, 1); round++) {
        const all = await Promise.all(
          Array.from({ length: 16 }, () => runCli(['run', '--json'], { cwd: own.project.dir })),
        );
        expect(all.map(({ code, stdout }) => [code, code === 0 ? '' : stdout])).toEqual(
          Array.from({ length: 16 }, () => [0, '']),
        );
        const applied = all.flatMap(({ stdout }) =>
          (JSON.parse(stdout) as { applied: { name: string }[] }).applied.map(({ name }) => name),
        );
        const names = Array.from({ length: 30 }, (_, n) => `M${n}${stamp(n)}`);
        expect(applied.sort()).toEqual([...names].sort());
        expect((await own.database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name)).toEqual(
          names,
        );
        const log = await own.database.query(
          `SELECT migration, state FROM migrations_log WHERE state <> 'reverted' AND batch = (SELECT max(batch) FROM migrations_log) ORDER BY id`,
        );
        expect(log).toEqual(names.map((migration) => ({ migration, state: 'applied' })));
        expect((await runCli(['revert', '--all'], { cwd: own.project.dir })).code).toBe(0);
      }
    },
    longEnough,
  );

  it(
    'apply a data migration exactly once (8 processes)',
    async () => {
      own.project = projectWith({
        'migrations/1700000000001-Credit.sql':
          '-- up\nUPDATE account SET balance = balance + 100;\n-- down\nUPDATE account SET balance = balance - 100;',
      });
      await own.database.query('CREATE TABLE account (id int, balance int); INSERT INTO account VALUES (1, 0)');
      for (let round = 1; round <= rounds(20, 2); round++) {
        const all = await Promise.all(
          Array.from({ length: 8 }, () => runCli(['run', '--json'], { cwd: own.project.dir })),
        );
        expect(all.map(({ code }) => code)).toEqual(Array(8).fill(0));
        expect(await own.database.query('SELECT balance FROM account')).toEqual([{ balance: 100 }]);
        expect((await runCli(['revert'], { cwd: own.project.dir })).code).toBe(0);
      }
    },
    longEnough,
  );

  it(
    'build an index concurrently while 8 others wait for the lock',
    async () => {
      own.project = projectWith({
        'migrations/1700000000001-Big.sql':
          '-- up\nCREATE TABLE big AS SELECT g AS id, md5(g::text) AS t FROM generate_series(1, 200000) g;',
        'migrations/1700000000002-Index.sql':
          '-- transaction: false\n-- up\nCREATE INDEX CONCURRENTLY big_t ON big (t);\nCREATE INDEX CONCURRENTLY big_id ON big (id);',
      });
      const all = await Promise.all(
        Array.from({ length: 9 }, () => runCli(['run', '--json'], { cwd: own.project.dir })),
      );
      expect(all.map(({ code }) => code)).toEqual(Array(9).fill(0));
      expect(
        await own.database.query(
          `SELECT count(*)::int AS n FROM pg_index WHERE indisvalid AND indrelid = 'big'::regclass`,
        ),
      ).toEqual([{ n: 2 }]);
    },
    longEnough,
  );
});

describe('a process killed with kill -9', () => {
  const files = {
    'migrations/1700000000001-Accounts.sql': `-- up\nCREATE TABLE account (id int PRIMARY KEY, balance int);\nINSERT INTO account SELECT g, 0 FROM generate_series(1, 20000) g;`,
    'migrations/1700000000002-Credit.sql':
      '-- up\nUPDATE account SET balance = balance + 100;\nSELECT pg_sleep(0.02);\nALTER TABLE account ADD note text;',
    'migrations/1700000000003-Index.sql':
      '-- transaction: false\n-- up\nCREATE INDEX CONCURRENTLY account_balance ON account (balance);\nUPDATE account SET balance = balance + 1;\nCREATE UNIQUE INDEX CONCURRENTLY account_id ON account (id);\nALTER TABLE account ADD checked boolean;',
    'migrations/1700000000004-Batches.js': `
exports.Batches1700000000004 = class Batches1700000000004 {
  transaction = false;
  async up(queryRunner) {
    for (let from = 0; from < 20000; from += 5000) {
      await queryRunner.startTransaction();
      await queryRunner.query('UPDATE account SET balance = balance + 10 WHERE id > $1 AND id <= $2', [from, from + 5000]);
      await queryRunner.commitTransaction();
    }
    await queryRunner.query('UPDATE account SET balance = balance + 1000');
  }
};`,
    'migrations/1700000000005-Last.sql': '-- up\nALTER TABLE account ADD CONSTRAINT positive CHECK (balance > 0);',
  };
  const names = [
    'Accounts1700000000001',
    'Credit1700000000002',
    'Index1700000000003',
    'Batches1700000000004',
    'Last1700000000005',
  ];

  it(
    'the next run converges, whenever the process was killed',
    async () => {
      const killedIn = new Map<string, number>();
      own.project = projectWith(files);
      for (let round = 0; round < rounds(200, 4); round++) {
        await own.database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
        const victim = startCli(['run'], { cwd: own.project.dir });
        // Most of the first 300 ms the process is only starting; what is interesting comes after the first table exists.
        for (let n = 0; n < 400; n++) {
          const [row] = await own.database.query(`SELECT to_regclass('migrations_log') IS NOT NULL AS there`);
          if (row?.['there'] === true || victim.process.exitCode !== null) break;
          await sleep(5);
        }
        // In turn early and late, so that few rounds meet different moments as well.
        await sleep((((round % 4) + Math.random()) / 4) * 350);
        victim.process.kill('SIGKILL');
        await victim.result;
        const [progress] = await own.database.query('SELECT count(*)::int AS n FROM migrations');
        const key = `after ${String(progress?.['n'])} migrations`;
        killedIn.set(key, (killedIn.get(key) ?? 0) + 1);
        const next = await runCli(['run', '--retry-for', '60s'], { cwd: own.project.dir });
        expect([next.code, next.code === 0 ? '' : next.stderr]).toEqual([0, '']);
        expect((await own.database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name)).toEqual(
          names,
        );
        expect(
          await own.database.query('SELECT min(balance) AS low, max(balance) AS high, count(*)::int AS n FROM account'),
        ).toEqual([{ low: 1111, high: 1111, n: 20000 }]);
        expect(
          await own.database.query(
            `SELECT count(*)::int AS n FROM pg_index WHERE indrelid = 'account'::regclass AND indisvalid`,
          ),
        ).toEqual([{ n: 3 }]);
        expect(await own.database.query(`SELECT count(*)::int AS n FROM pg_index WHERE NOT indisvalid`)).toEqual([
          { n: 0 },
        ]);
        expect(
          await own.database.query(`SELECT count(*)::int AS n FROM migrations_log WHERE state = 'started'`),
        ).toEqual([{ n: 0 }]);
      }
      // The moments were really different ones. On a slow machine, four may not be.
      if (full) expect(killedIn.size).toBeGreaterThan(1);
      if (full) process.stderr.write(`killed: ${JSON.stringify(Object.fromEntries(killedIn))}\n`);
    },
    longEnough,
  );
});

describe('a table that another session locks for 5 seconds', () => {
  it(
    'does not make run fail, and readers wait no longer than the lock timeout',
    async () => {
      own.project = projectWith({ 'migrations/1700000000001-Column.sql': '-- up\nALTER TABLE busy ADD c int;' });
      await own.database.query('CREATE TABLE busy (id int)');
      const holder = await own.database.client();
      const reader = await own.database.client();
      await holder.query('BEGIN; SELECT * FROM busy');
      const running = runCli(['run', '--lock-timeout', '500ms'], { cwd: own.project.dir });
      const waits: number[] = [];
      const until = Date.now() + 5000;
      while (Date.now() < until) {
        const started = performance.now();
        await reader.query('SELECT count(*) FROM busy');
        waits.push(performance.now() - started);
        await sleep(20);
      }
      await holder.query('COMMIT');
      const { code, stderr } = await running;
      expect(code).toBe(0);
      expect(stderr).toMatch(/waits for a lock:\n.*pid \d+ \(test, postgres, from 127\.0\.0\.1\), idle in transaction/);
      expect(Math.max(...waits)).toBeGreaterThan(100);
      expect(Math.max(...waits)).toBeLessThan(500 + 500);
    },
    longEnough,
  );
});
