import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { compareSchemas } from '../../src/schema/compare.js';
import { objectId } from '../../src/schema/object-id.js';
import { readSchema } from '../../src/schema/read.js';
import type { Schema } from '../../src/schema/read.js';
import { runCli, runNode, startNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { writeByHand } from '../support/evolve.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { createFolder, everyday, everything, filledShop } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { laterVisits, partsOfVisits, rowsOfVisits, visits, visitsByHand } from './visits.js';
import { full, sample } from '../support/sample.js';

const orders = 20_000;
const longEnough = 3_600_000;
const own = ['migrations', 'migrations_log', 'migrations_downs', 'typeorm_metadata'].map((name) =>
  objectId('table', 'public', name),
);

interface Outcome {
  readonly schema: Schema;
  readonly ledger: readonly unknown[];
  readonly data: unknown;
  readonly unfinished: readonly unknown[];
}

interface Converged extends Omit<Outcome, 'schema'> {
  readonly where: string;
  readonly failure: string;
  /** Statements that would lead to the schema that is wanted. */
  readonly left: readonly string[];
}

const filledOrders = (folder: MigrationsFolder): Promise<TestDatabase> => filledShop(folder, orders);
const everyKind = {
  ...everything,
  filled: filledOrders,
  file: expect.any(String) as unknown,
  name: 'a change of all kinds',
  points: 2,
  data: `SELECT count(*) AS orders, sum(quantity) AS quantity, sum(total) AS total, count(token) AS tokens, count(DISTINCT token) AS different,
    min(extract(epoch FROM placed)::int % 60) IS NOT NULL AS placed FROM orders`,
};
const simple = everyday.map((change) => ({
  ...change,
  filled: filledOrders,
  points: 1,
  data: 'SELECT count(*) AS orders, count(DISTINCT code) AS codes, sum(quantity) AS quantity FROM orders',
}));

/** Of every kind that is built on one partition after the other. */
const partitioned = {
  name: 'indexes and keys of a partitioned table',
  after: visits({ note: { type: 'text' } }, partsOfVisits),
  options: { backfills: ["visits.note='a'"] },
  file: expect.any(String) as unknown,
  filled: async ({ dir, run }: MigrationsFolder): Promise<TestDatabase> => {
    writeByHand(dir, { ...visitsByHand, up: [...visitsByHand.up, laterVisits] });
    const database = await createDatabase();
    await run(database.url);
    await database.query(rowsOfVisits);
    return database;
  },
  points: 2,
  data: `SELECT count(*) AS rows, count(note) AS notes, count(DISTINCT tableoid) AS partitions, (SELECT count(*) FROM pg_index WHERE NOT indisvalid) AS invalid FROM visits`,
};

describe.each(sample([everyKind, ...simple, partitioned], 3).map((one) => [one.name, one] as const))(
  '%s, and kill -9',
  (_name, change) => {
    let folder: MigrationsFolder;
    let project: TestProject;
    let filled: TestDatabase;
    let wanted: Outcome;
    let last: number;
    let files: readonly string[];

    beforeAll(async () => {
      folder = createFolder();
      filled = await change.filled(folder);
      await filled.disconnect();
      const generated = await folder.generate(change.after, change.options);
      if (process.env['SHOW']) process.stderr.write(folder.texts().at(-1) ?? '');
      files = generated.files.map((file) => file.replace(/.*\d{13}-/, ''));
      project = createProject({
        'package.json': '{ "name": "crash", "type": "module" }',
        'data-source.js': `export default { type: 'postgres', url: process.env.URL, migrations: ['${folder.dir}/*.js'] };`,
        'typeorm.js': `import { DataSource } from 'typeorm';
import options from './data-source.js';
export default new DataSource(options);`,
      });
      const undisturbed = await createDatabase(filled.name);
      last = await countStatements(undisturbed);
      wanted = await outcomeIn(undisturbed, change.data);
      await undisturbed.drop();
    }, longEnough);
    afterAll(async () => {
      folder.remove();
      project.remove();
      await filled.drop();
    });

    it.each(sample(['during', 'before'] as const, 2))(
      '%s a statement: the next run converges',
      async (when) => {
        const points = full
          ? Array.from({ length: last }, (_, n) => n + 1)
          : some(last, Math.ceil(change.points / 2), when);
        for (const at of points) {
          const { where, ...converged } = await dieAndConverge(when, at);
          const { schema: _schema, ...rest } = wanted;
          expect({ where, ...converged }).toEqual({ where, failure: '', left: [], ...rest });
        }
      },
      longEnough,
    );

    it('the same file runs under the CLI of TypeORM, on an empty database', async () => {
      expect(files).toEqual([change.file]);
      const database = await createDatabase();
      try {
        const typeorm = async (...args: readonly string[]): Promise<unknown> => {
          const { code, stderr } = await runNode(
            [resolve('node_modules/typeorm/cli.js'), ...args, '-d', 'typeorm.js'],
            {
              cwd: project.dir,
              env: { URL: database.url },
            },
          );
          return [code, code === 0 ? '' : stderr];
        };
        expect(await typeorm('migration:run', '-t', 'each')).toEqual([0, '']);
        const pool = new pg.Pool({ connectionString: database.url });
        const schema = await readSchema(pool, { ignoreTables: own });
        await pool.end();
        expect((await compareSchemas(schema, wanted.schema)).map(({ sql }) => sql)).toEqual([]);
        const names = async (): Promise<readonly unknown[]> =>
          (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);
        expect(await names()).toEqual(wanted.ledger.map((row) => (row as { readonly name: string }).name));
        expect(await typeorm('migration:revert')).toEqual([0, '']);
        expect(await names()).toHaveLength(wanted.ledger.length - 1);
      } finally {
        await database.drop();
      }
    });

    async function dieAndConverge(when: 'before' | 'during', at: number): Promise<Converged> {
      const database = await createDatabase(filled.name);
      try {
        const statement = await killedRun(database, when, at);
        const where = `killed ${when} statement ${at}: ${statement}`;
        if (full) process.stderr.write(`${where}\n`);
        const { code, stderr } = await runCli(['run', '--retry-for', '60s'], {
          cwd: project.dir,
          env: { URL: database.url },
        });
        const { schema, ...rest } = await outcomeIn(database, change.data);
        const left = (await compareSchemas(schema, wanted.schema)).map(({ sql }) => sql);
        return { where, failure: code === 0 ? '' : stderr, left, ...rest };
      } finally {
        await database.drop();
      }
    }

    /** Returns the statement at which it died; undefined when it came to its end. */
    async function killedRun(database: TestDatabase, when: string, at: number): Promise<string | undefined> {
      const log = join(project.dir, 'killed-at');
      rmSync(log, { force: true });
      const { result } = startNode(
        ['--import', resolve('test/generate/kill-at.mjs'), resolve('dist/esm/cli/main.js'), 'run'],
        {
          cwd: project.dir,
          // Some of them in the middle of what takes longest.
          env: {
            URL: database.url,
            KILL_WHEN: when,
            KILL_AT: String(at),
            KILL_LOG: log,
            KILL_AFTER: String(at % 3 === 0 ? 60 : 2),
          },
        },
      );
      const { signal, stderr, code } = await result;
      if (signal === 'SIGKILL') return readFileSync(log, 'utf8');
      return code === 0 ? undefined : `none, it failed before: ${stderr}`;
    }

    /** A run that comes to its end. */
    async function countStatements(database: TestDatabase): Promise<number> {
      expect(await killedRun(database, 'never', 0)).toBeUndefined();
      return Number(readFileSync(join(project.dir, 'killed-at'), 'utf8'));
    }
  },
);

function some(last: number, count: number, when: string): readonly number[] {
  const shift = when === 'before' ? 0 : 0.5;
  return Array.from({ length: count }, (_, n) => Math.max(1, Math.floor(((n + 0.25 + shift / 2) * last) / count)));
}

async function outcomeIn(database: TestDatabase, data: string): Promise<Outcome> {
  const pool = new pg.Pool({ connectionString: database.url });
  try {
    return {
      schema: await readSchema(pool, { ignoreTables: own, texts: 'settled' }),
      ledger: await database.query('SELECT name FROM migrations ORDER BY id'),
      data: await database.query(data),
      unfinished: await database.query(
        `SELECT migration FROM migrations_log WHERE state NOT IN ('applied', 'deferred')`,
      ),
    };
  } finally {
    await pool.end();
  }
}
