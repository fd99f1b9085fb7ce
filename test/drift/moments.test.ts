import { expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import { createDatabase, serverUrl } from '../support/database.js';
import { migration, using } from '../support/migrations.js';

// TypeORM writes `default: 'now()'` as a string, and each execution of the migration yields another moment.
const post = new EntitySchema({
  name: 'post',
  columns: {
    id: { type: 'int', primary: true, primaryKeyConstraintName: 'post_key' },
    at: { type: 'timestamptz', default: 'now()' },
  },
});
const create = migration('Create1700000000000', {
  up: [`CREATE TABLE post (id int CONSTRAINT post_key PRIMARY KEY, at timestamptz NOT NULL DEFAULT 'now()')`],
});

it('does not report the moment of a default that the entity gives as a string, but a default that is no moment', async () => {
  const database = await createDatabase();
  const how = { url: database.url, migrations: [create], options: { entities: [post] } };
  await using(how, (migrator) => migrator.run());
  const drift = async (): Promise<readonly string[]> => {
    const { result } = await using(how, (migrator) => migrator.drift({ shadow: serverUrl() }));
    return result.drift.map(({ object }) => object);
  };
  expect(await drift()).toEqual([]);
  await database.query('ALTER TABLE post ALTER at SET DEFAULT now()');
  expect(await drift()).toEqual([expect.stringContaining('at')]);
  await database.drop();
});
