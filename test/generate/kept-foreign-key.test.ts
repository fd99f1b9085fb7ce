import { expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import { serverUrl } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';

const project = new EntitySchema({ name: 'project', columns: { id: { type: 'uuid', primary: true } } });
// As for `@Column() projectId: string`.
const cache = new EntitySchema({
  name: 'cache',
  columns: {
    id: { type: 'int', primary: true },
    project_id: { type: 'varchar' },
    // Its type gets another name, which makes it hard to go back after the failure.
    status: { type: 'enum', enum: ['a', 'b'] },
  },
});
const up = [
  'CREATE TABLE project (id uuid PRIMARY KEY)',
  "CREATE TYPE state AS ENUM ('a', 'b')",
  "CREATE TABLE cache (id int PRIMARY KEY, project_id uuid NOT NULL REFERENCES project, status state NOT NULL DEFAULT 'a')",
];

it.each([true, false])('a handmade foreign key whose column gets another type is named, online: %s', async (online) => {
  const failure = await failureOf(
    using(
      {
        url: serverUrl(),
        migrations: [migration('Made1700000000000', { up })],
        options: { entities: [project, cache] },
      },
      (migrator) => migrator.generate({ name: 'Change', dryRun: true, shadow: serverUrl(), online }),
    ),
  );
  expect(failure).toMatchObject({
    code: 'PROOF_FAILED',
    message: expect.stringContaining('foreign key constraint "cache_project_id_fkey'),
    next: expect.stringMatching(
      /^Key columns .* incompatible types: character varying and uuid\. .*made by hand.*@Column\('uuid'\)/,
    ),
  });
});
