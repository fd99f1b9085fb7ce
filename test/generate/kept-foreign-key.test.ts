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

const users = new EntitySchema({ name: 'users', columns: { id: { type: 'int', primary: true } } });
const posts = new EntitySchema<{ user: unknown }>({
  name: 'posts',
  columns: { id: { type: 'int', primary: true }, user_id: { type: 'int' }, other_id: { type: 'int' } } as never,
  relations: {
    user: {
      type: 'many-to-one',
      target: 'users',
      joinColumn: { name: 'user_id' },
      onDelete: 'CASCADE',
      nullable: false,
    },
  },
});

it.each([
  [
    'in the table',
    'CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users (id), other_id int NOT NULL CONSTRAINT kept REFERENCES users)',
    'posts_user_id_fkey',
  ],
  [
    'by name',
    'CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL, other_id int NOT NULL CONSTRAINT kept REFERENCES users); ALTER TABLE posts ADD CONSTRAINT by_hand FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL',
    'by_hand',
  ],
])('a handmade foreign key gives way to that of a relation with the same columns: %s', async (_how, table, old) => {
  const { result } = await using(
    {
      url: serverUrl(),
      migrations: [
        migration('Made1700000000000', { up: ['CREATE TABLE users (id int PRIMARY KEY)', ...table.split('; ')] }),
      ],
      options: { entities: [users, posts] },
    },
    (migrator) => migrator.generate({ name: 'Change', dryRun: true, shadow: serverUrl() }),
  );
  const text = result.statements.map(({ sql }) => sql).join('\n');
  expect(text).toMatch(/ADD CONSTRAINT "FK_\w+" FOREIGN KEY \("?user_id"?\) REFERENCES .* ON DELETE CASCADE/);
  expect(text).toContain(`DROP CONSTRAINT "${old}"`);
  expect(text).not.toContain('"kept"');
});
