import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createMigrator } from '../../src/index.js';
import { failureOf } from '../support/migrations.js';
import { readPublicApi } from '../support/public-api.js';
import type { PublicApi } from '../support/public-api.js';

describe.each([
  ['nest-migrate', 'index'],
  ['nest-migrate/testing', 'testing/index'],
])('the exports of %s', (_name, entry) => {
  let api: PublicApi;
  beforeAll(() => {
    api = readPublicApi(resolve(`dist/esm/${entry}.d.ts`));
  });

  it('match the snapshot', () => {
    expect(api.exports.join('\n')).toMatchSnapshot();
  });

  it('include every type that their signatures mention', () => {
    expect(api.missing).toEqual([]);
  });

  it('are documented, and values have an example', () => {
    expect(api.undocumented).toEqual([]);
  });
});

describe('createMigrator', () => {
  it('refuses a misspelt option in a JavaScript app', async () => {
    const dataSource = new DataSource({ type: 'postgres', url: 'postgres://127.0.0.1:1/none' });
    const error = await failureOf(createMigrator({ dataSource }).run({ dryRun: true } as object));
    expect([error.code, error.exitCode, error.message, error.next]).toEqual([
      'OPTIONS_INVALID',
      2,
      'run() does not know `dryRun`. Nothing was done.',
      "It takes `to`, `count`, `transaction`, `mode`, `phase`. For a dry run: mode: 'dry'.",
    ]);
  });
});
