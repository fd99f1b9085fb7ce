import { readFileSync } from 'node:fs';
import type { EventEmitter } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { SqlClient } from '../../src/database/sql-client.js';
import { Observer } from '../../src/observe/observer.js';
import { connectShadow } from '../../src/shadow/connected.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { serverUrl } from '../support/database.js';
import { emptyState } from '../support/empty-state.js';
import { readMeasured } from './measured.js';
import type { Measured, Outcome } from './measured.js';
import { sample } from '../support/sample.js';
import { namesOf, newestRelation, outcomeOf, relationsSince } from './outcome.js';

/** What must be there before a statement of measured.md, beside the fixture. */
const before: Readonly<Record<string, string>> = {
  'set-not-null-with-valid-check': 'ALTER TABLE t ADD CHECK (a IS NOT NULL)',
  'set-not-null-with-notvalid-check': 'ALTER TABLE t ADD CHECK (a IS NOT NULL) NOT VALID',
  'set-not-null-with-weaker-check': 'ALTER TABLE t ADD CHECK (a IS NOT NULL OR b IS NOT NULL)',
  'validate-notnull-pg18': 'ALTER TABLE t ADD CONSTRAINT a_nn NOT NULL a NOT VALID',
  'validate-fk': 'ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (pid) REFERENCES parent NOT VALID',
  'drop-fk': 'ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (pid) REFERENCES parent',
  'validate-check': 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
  'drop-check': 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)',
  'add-pk-using-index-nullable': 'ALTER TABLE t DROP CONSTRAINT t_pkey, ALTER nn DROP NOT NULL',
  'add-pk-using-index-notnull': 'ALTER TABLE t DROP CONSTRAINT t_pkey',
  'truncate-cascade': 'ALTER TABLE t ADD FOREIGN KEY (pid) REFERENCES parent',
  'drop-table-fk-referencing': 'ALTER TABLE t ADD FOREIGN KEY (pid) REFERENCES parent',
  'drop-trigger': 'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg()',
  'attach-partition-with-check': 'ALTER TABLE part_new ADD CHECK (id IS NOT NULL AND id >= 100 AND id < 200)',
  'typeorm-enum-swap-3': `CREATE TYPE mood_new AS ENUM ('sad', 'ok', 'great')`,
  inherit: 'CREATE TABLE parent2 (id int)',
};

/** What is set in the transaction, before the statement. */
const session: Readonly<Record<string, string>> = {
  'type-ts-to-tz-UTC': `SET LOCAL TimeZone = 'UTC'`,
  'type-ts-to-tz-Paris': `SET LOCAL TimeZone = 'Europe/Paris'`,
  'type-tz-to-ts-UTC': `SET LOCAL TimeZone = 'UTC'`,
};

/** What does not come out as it was measured, and why the table is not right about it. */
const deviations: Readonly<Record<string, { readonly why: string; readonly outcome: Partial<Outcome> }>> = {
  'rename-table': {
    why: 'Nothing is read: the scans were compared by name when it was measured, and t2 had none before.',
    outcome: { scans: [] },
  },
};

/** What cannot be in a transaction is executed alone: its locks are gone when it ends, what it did is not. */
const alone: Readonly<Record<string, Pick<Outcome, 'rewrites'> & Record<'builds' | 'drops', readonly string[]>>> = {
  'create-index-concurrently-in-tx': { rewrites: [], builds: ['i1'], drops: [] },
  'drop-index-concurrently-in-tx': { rewrites: [], builds: [], drops: ['t_b_idx'] },
  'vacuum-full-in-tx': { rewrites: ['t'], builds: ['t_a_idx', 't_b_idx', 't_nn_uq', 't_pkey', 't_v50_idx'], drops: [] },
};

const fixture = readFileSync(new URL('fixture.sql', import.meta.url), 'utf8');
const measured = readMeasured();

it('all measurements are listed', () => {
  const ids = measured.map(({ id }) => id);
  expect([ids.length, new Set(ids).size]).toEqual([157, 157]);
  expect(ids).toEqual(
    expect.arrayContaining([before, session, deviations, alone].flatMap((table) => Object.keys(table))),
  );
});

describe.each([
  { engine: 'PostgreSQL 15', version: '15', url: serverUrl, expected: ({ on15 }: Measured) => on15 },
  { engine: 'PGlite 18', version: '18', url: () => undefined, expected: ({ on18 }: Measured) => on18 },
])('$engine', ({ version, url, expected }) => {
  let shadow: ConnectedShadow;
  let observer: Observer;
  let queryRunner: QueryRunner | undefined;
  let isFresh = false;
  beforeAll(async () => {
    shadow = await connectShadow(new DataSource({ type: 'postgres' }), emptyState, { url: url() });
  });
  afterEach(() => queryRunner?.release());
  afterAll(() => shadow.close());

  it(`is ${version}`, async () => {
    const { rows } = await shadow.pool.query('SHOW server_version');
    expect(rows).toEqual([{ server_version: expect.stringMatching(`^${version}\\.`) }]);
  });

  /** What is rolled back leaves the fixture as it was, and its observer has to know that. */
  async function prepare(id: string): Promise<QueryRunner> {
    const isSame = isFresh && before[id] === undefined;
    if (!isFresh) await shadow.pool.query(fixture);
    if (before[id]) await shadow.pool.query(before[id]);
    if (!isSame) observer = await Observer.open(shadow);
    isFresh = before[id] === undefined && alone[id] === undefined;
    queryRunner = shadow.dataSource.createQueryRunner();
    // On the same connection as the observer before it.
    if (!isSame) ((await queryRunner.connect()) as EventEmitter).removeAllListeners('notice');
    await observer.attach(queryRunner);
    return queryRunner;
  }

  const cases = measured.flatMap((row) => {
    const outcome = expected(row);
    return outcome ? [{ ...row, outcome }] : [];
  });
  it.each(sample(cases, 2))('$id', async ({ id, sql, outcome }) => {
    const runner = await prepare(id);
    const client = (await runner.connect()) as SqlClient;
    const newest = await newestRelation(client);
    await runner.startTransaction();
    if (session[id]) await client.query(session[id]);
    const failed = await runner.query(sql).then(
      () => false,
      () => true,
    );
    const statements = observer.take();
    const created = failed ? [] : await relationsSince(client, newest);
    await runner.rollbackTransaction();
    expect(statements.map((statement) => outcomeOf(statement, created))).toEqual([
      { ...outcome, ...deviations[id]?.outcome },
    ]);

    const effects = alone[id];
    if (effects === undefined) return;
    await runner.query(sql);
    const seen = observer.take().map(({ transaction, error, rewrites, builds, drops }) => {
      return { transaction, error, rewrites: namesOf(rewrites), builds: namesOf(builds), drops: namesOf(drops) };
    });
    expect(seen).toEqual([{ transaction: undefined, error: undefined, ...effects }]);
  });
});
