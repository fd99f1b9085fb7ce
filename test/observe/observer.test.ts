import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { Observer } from '../../src/observe/observer.js';
import { connectShadow } from '../../src/shadow/connected.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { serverUrl } from '../support/database.js';
import { emptyState } from '../support/empty-state.js';
import { namesOf } from './outcome.js';

describe('an observer', () => {
  let shadow: ConnectedShadow;
  let observer: Observer;
  let queryRunner: QueryRunner;
  beforeAll(async () => {
    shadow = await connectShadow(new DataSource({ type: 'postgres' }), emptyState, { url: serverUrl() });
  });
  afterAll(() => shadow.close());
  beforeEach(async () => {
    await shadow.pool.query('DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, name varchar(50) UNIQUE)');
    observer = await Observer.open(shadow);
    queryRunner = shadow.dataSource.createQueryRunner();
    await observer.attach(queryRunner);
  });
  afterEach(() => queryRunner.release());

  it('does not report an index that is only rebuilt as dropped or built', async () => {
    await queryRunner.query('ALTER TABLE t ALTER name TYPE varchar(100)');
    const [statement] = observer.take();
    expect({ ...statement, locks: namesOf(statement?.locks.map(({ relation }) => relation) ?? []) }).toMatchObject({
      drops: [],
      builds: [],
      locks: ['t', 't_name_key'],
    });
  });

  it('follows a transaction that begins after a comment and is rolled back to a savepoint', async () => {
    await queryRunner.query('-- all of it\nBEGIN');
    await queryRunner.query('SAVEPOINT before');
    await queryRunner.query('DROP TABLE t');
    await queryRunner.query('/* not that */ ROLLBACK TO before');
    await queryRunner.query('DROP TABLE t');
    await queryRunner.query('COMMIT');
    expect(observer.take().map(({ transaction, drops }) => [transaction, namesOf(drops)])).toEqual([
      [1, ['t', 't_name_key', 't_pkey']],
      [1, ['t', 't_name_key', 't_pkey']],
    ]);
  });

  it('lets a migration set the isolation level of a transaction', async () => {
    await queryRunner.startTransaction('SERIALIZABLE');
    await queryRunner.query('SELECT count(*) FROM t');
    await queryRunner.commitTransaction();
    expect(observer.take().map(({ error, scans }) => [error, namesOf(scans)])).toEqual([
      [undefined, []],
      [undefined, ['t']],
    ]);
  });

  it('reports again what was locked before a rollback', async () => {
    await queryRunner.query(
      'BEGIN; SAVEPOINT before; LOCK TABLE t; ROLLBACK TO before; SELECT 1; LOCK TABLE t; COMMIT',
    );
    expect(observer.take().map(({ locks, held }) => [locks.length, held.length])).toEqual([
      [1, 0],
      [0, 0],
      [1, 0],
    ]);
  });

  it('reports what a CASCADE has dropped, one object or several', async () => {
    await queryRunner.query('CREATE VIEW v AS SELECT id FROM t; CREATE VIEW w AS SELECT id FROM v');
    await queryRunner.query('DROP VIEW v CASCADE');
    await queryRunner.query('CREATE VIEW v AS SELECT id FROM t; CREATE VIEW w AS SELECT id FROM v');
    await queryRunner.query('DROP TABLE t CASCADE');
    expect(observer.take().flatMap(({ cascades }) => (cascades.length > 0 ? [cascades] : []))).toEqual([
      ['view w'],
      ['view v', 'view w'],
    ]);
  });

  it('records what the migration itself does to its transaction, and nothing that is done around it', async () => {
    await queryRunner.startTransaction();
    await observer.duringMigration(() => queryRunner.query('COMMIT; BEGIN'));
    await queryRunner.commitTransaction();
    expect(observer.take().map(({ sql, transaction }) => [sql, transaction])).toEqual([
      ['COMMIT', 1],
      ['BEGIN', undefined],
    ]);
  });

  it('finds the table of a trigger that is dropped by its full name', async () => {
    await queryRunner.query(
      'CREATE TRIGGER once BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    );
    await queryRunner.query('DROP TRIGGER once ON public.t');
    expect([...(observer.take()[1]?.tables.keys() ?? [])]).toEqual(['"public"."t"']);
  });
});
