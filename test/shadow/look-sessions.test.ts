import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { look, lookAt } from '../../src/shadow/look.js';
import { connectShadow } from '../../src/shadow/connected.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { serverUrl } from '../support/database.js';
import { emptyState } from '../support/empty-state.js';
import { inTransaction, mistakes, questionsOf, somebodyElse } from './two-looks.js';

let shadow: ConnectedShadow;
let stop: () => Promise<void>;
beforeAll(async () => {
  shadow = await connectShadow(new DataSource({ type: 'postgres' }), emptyState, { url: serverUrl() });
  stop = await somebodyElse(serverUrl());
});
afterAll(async () => {
  await stop();
  await shadow.close();
});

it('a look finds what another session was still writing during the previous look', async () => {
  const writer = shadow.dataSource.createQueryRunner();
  await writer.startTransaction();
  await writer.query('CREATE TABLE unseen (id int); SAVEPOINT point; ALTER TABLE unseen ADD name text');
  // Younger than what is being written, and seen.
  await shadow.pool.query('CREATE TABLE seen (id int)');
  const known = await lookAt(shadow);
  await writer.commitTransaction();
  await writer.release();

  expect(known.fingerprint.size).toBeLessThan((await lookAt(shadow)).fingerprint.size);
  const wrong = await inTransaction(shadow, 'roll back', (queryRunner) => mistakes(queryRunner, known));
  expect(wrong).toEqual([]);
});

it('and what its own transaction has written since', async () => {
  const wrong = await inTransaction(shadow, 'roll back', async (queryRunner) => {
    await queryRunner.query('CREATE TABLE own (id int)');
    await shadow.pool.query('CREATE TABLE younger (id int)');
    const known = await look(queryRunner);
    await queryRunner.query('ALTER TABLE public.own ADD name text');
    return [...(await questionsOf(queryRunner, known)).slice(0, 1), ...(await mistakes(queryRunner, known))];
  });
  expect(wrong).toEqual(['catalog']);
});
