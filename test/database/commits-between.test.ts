import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Step } from '../support/migrations.js';

const name = 'AddMood1700000000001';
const commits: readonly Step[] = [
  (queryRunner: QueryRunner) => queryRunner.commitTransaction(),
  (queryRunner: QueryRunner) => queryRunner.startTransaction(),
];
// PostgreSQL refuses a new value of an enum in the transaction that has added it.
const uses = [
  `CREATE TYPE mood AS ENUM ('good')`,
  'CREATE TABLE days (mood mood)',
  ...commits,
  `ALTER TYPE mood ADD VALUE 'bad'`,
  ...commits,
  `INSERT INTO days VALUES ('bad')`,
];

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const run = (up: readonly Step[], more: object = {}) =>
  using(
    { url: database.url, migrations: [migration(name, { up, down: [...commits, 'DROP TABLE days'] })], ...more },
    (migrator) => migrator.run(),
  );

describe('a migration that commits with its query runner and starts another transaction', () => {
  it('is applied and recorded, and can be reverted', async () => {
    await run(uses);
    expect(await database.query('SELECT mood FROM days')).toEqual([{ mood: 'bad' }]);
    expect(await database.query('SELECT name FROM migrations')).toEqual([{ name }]);
    expect(await database.query('SELECT migration, state FROM migrations_log')).toEqual([
      { migration: name, state: 'applied' },
    ]);
    await using(
      { url: database.url, migrations: [migration(name, { up: [], down: [...commits, 'DROP TABLE days'] })] },
      (migrator) => migrator.revert(),
    );
    expect(await database.query('SELECT name FROM migrations')).toEqual([]);
  });

  it('opens savepoints as before while a transaction is open', async () => {
    await run([
      'CREATE TABLE days (mood text)',
      (queryRunner) => queryRunner.startTransaction(),
      `INSERT INTO days VALUES ('bad')`,
      (queryRunner) => queryRunner.rollbackTransaction(),
    ]);
    expect(await database.query('SELECT * FROM days')).toEqual([]);
  });

  it('has the lock timeout in each of them, and is not repeated after it has committed', async () => {
    await database.query('CREATE TABLE taken ()');
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    // If the second transaction has no lock timeout, the test fails instead of waiting forever.
    holder.on('error', () => undefined);
    await holder.query(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'; LOCK TABLE taken`);
    const error = await failureOf(
      run(['CREATE TABLE days ()', ...commits, 'DROP TABLE taken'], {
        settings: { lockTimeout: '200ms', retryFor: '10s' },
      }),
    );
    await holder.end();
    expect(error.message).toMatch(/lock timeout[^]*A COMMIT of the migration itself ended the transaction early/);
    expect(await database.query('SELECT state FROM migrations_log')).toEqual([{ state: 'failed' }]);
  });
});
