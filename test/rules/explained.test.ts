import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { Finding } from '../../src/commands/lint/types.js';
import { createMigrator } from '../../src/migrator.js';
import { serverUrl } from '../support/database.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-explained-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function rulesFoundIn(files: readonly string[], flags: readonly string[] = []): Promise<readonly string[]> {
  return (await findingsIn(files, files.length, flags)).map(({ rule }) => rule);
}

/** What is before the last of them is in use. */
async function findingsOfLast(files: readonly string[], flags: readonly string[] = []): Promise<readonly string[]> {
  return (await findingsIn(files, 1, flags)).map(({ severity, rule }) => `${severity} ${rule}`);
}

async function findingsIn(
  files: readonly string[],
  judged: number,
  flags: readonly string[],
): Promise<readonly Finding[]> {
  const written = files.map((sql, index) => {
    const file = join(dir, `${1_700_000_000_000 + index}-File.sql`);
    writeFileSync(file, `-- up\n${sql}\n`);
    return file;
  });
  const dataSource = new DataSource({ type: 'postgres', url: serverUrl(), migrations: [`${dir}/*.sql`] });
  const migrator = createMigrator({ dataSource, settings: { dir } });
  try {
    const { findings } = await migrator.lint({ files: written.slice(-judged), shadow: serverUrl(), rules: flags });
    return findings;
  } finally {
    await migrator.close();
  }
}

const table = 'CREATE TABLE users (id int PRIMARY KEY, name text);';
const refused = `${table}\nCREATE INDEX CONCURRENTLY i ON users (name);`;

it('reports the reason for a failure only once if a rule explains it', async () => {
  expect(await rulesFoundIn([refused])).toEqual(['concurrently-in-transaction']);
});

it('also reports that the migrations after it are not judged', async () => {
  expect(await rulesFoundIn([refused, 'SELECT 1;'])).toEqual(['concurrently-in-transaction', 'cannot-be-judged']);
});

it('never passes a migration that fails, even if the rule is off or ignored', async () => {
  expect(await rulesFoundIn([refused], ['concurrently-in-transaction=off'])).toEqual(['cannot-be-judged']);
  const ignored = `-- nest-migrate-ignore-file concurrently-in-transaction: because\n${refused}`;
  expect(await rulesFoundIn([ignored])).toEqual(['cannot-be-judged']);
});

it('does not confuse another error with the one that a rule explains', async () => {
  expect(await rulesFoundIn([`${table}\nCREATE INDEX i ON missing (name);`])).toEqual(['cannot-be-judged']);
});

it('handles the names of three parts that only a trigger has', async () => {
  expect(await rulesFoundIn([`${table}\nDROP TRIGGER IF EXISTS fill ON public.users;`])).toEqual([]);
});

const narrowing = 'ALTER TABLE users ALTER COLUMN name TYPE varchar(20);';

it('reports a finding of two rules once, even if one of them is off', async () => {
  expect(await findingsOfLast([table, narrowing])).toEqual(['error alter-type-rewrite']);
  expect(await findingsOfLast([table, narrowing], ['alter-type-rewrite=off'])).toEqual([
    'warning alter-type-narrowing',
  ]);
});

it('gives one finding of a rule a lower severity than another, unless the settings define the severity', async () => {
  const check = 'ALTER TABLE users ADD CONSTRAINT c CHECK (id > 0) NOT VALID; CREATE TABLE tags (id int PRIMARY KEY);';
  const before = `${table} ${check}`;
  const same = 'ALTER TABLE users ADD age int; ALTER TABLE users VALIDATE CONSTRAINT c;';
  const other = 'ALTER TABLE tags ADD age int; ALTER TABLE users VALIDATE CONSTRAINT c;';
  expect(await findingsOfLast([before, same])).toEqual(['error work-while-holding-lock']);
  expect(await findingsOfLast([before, other])).toEqual(['warning work-while-holding-lock']);
  expect(await findingsOfLast([before, other], ['work-while-holding-lock=error'])).toEqual([
    'error work-while-holding-lock',
  ]);
});
