import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createMigrator } from '../../src/migrator.js';
import { serverUrl } from '../support/database.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-explained-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function rulesFoundIn(files: readonly string[], flags: readonly string[] = []): Promise<readonly string[]> {
  const written = files.map((sql, index) => {
    const file = join(dir, `${1_700_000_000_000 + index}-File.sql`);
    writeFileSync(file, `-- up\n${sql}\n\n-- down\n`);
    return file;
  });
  const dataSource = new DataSource({ type: 'postgres', url: serverUrl(), migrations: [`${dir}/*.sql`] });
  const migrator = createMigrator({ dataSource, settings: { dir } });
  try {
    const { findings } = await migrator.lint({ files: written, shadow: serverUrl(), rules: flags });
    return findings.map(({ rule }) => rule);
  } finally {
    await migrator.close();
  }
}

const table = 'CREATE TABLE users (id int PRIMARY KEY, name text);';
const refused = `${table}\nCREATE INDEX CONCURRENTLY i ON users (name);`;

it('says only once why a statement fails, where a rule explains it', async () => {
  expect(await rulesFoundIn([refused])).toEqual(['concurrently-in-transaction']);
});

it('says also that the migrations behind it are not judged', async () => {
  expect(await rulesFoundIn([refused, 'SELECT 1;'])).toEqual(['concurrently-in-transaction', 'cannot-be-judged']);
});

it('never passes a migration that fails, though the rule is off or ignored', async () => {
  expect(await rulesFoundIn([refused], ['concurrently-in-transaction=off'])).toEqual(['cannot-be-judged']);
  const ignored = `-- nest-migrate-ignore-file concurrently-in-transaction: because\n${refused}`;
  expect(await rulesFoundIn([ignored])).toEqual(['cannot-be-judged']);
});

it('does not take another error for the one that a rule explains', async () => {
  expect(await rulesFoundIn([`${table}\nCREATE INDEX i ON nobody (name);`])).toEqual(['cannot-be-judged']);
});

it('knows the names of three parts that only a trigger has', async () => {
  expect(await rulesFoundIn([`${table}\nDROP TRIGGER IF EXISTS fill ON public.users;`])).toEqual([]);
});
