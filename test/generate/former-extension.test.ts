import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions } from 'typeorm';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf } from '../support/migrations.js';
import { itInFull } from '../support/sample.js';
import { createFolder } from './shop.js';
import type { MigrationsFolder } from './shop.js';

let folder: MigrationsFolder;
let database: TestDatabase;
beforeEach(async () => {
  folder = createFolder();
  database = await createDatabase();
});
afterEach(async () => {
  folder.remove();
  await database.drop();
});

const id = { type: 'int', primary: true } as const;
const stays = new EntitySchema({ name: 'stays', columns: { id } });
const goes = (columns: Record<string, EntitySchemaColumnOptions>): EntitySchema =>
  new EntitySchema({ name: 'goes', columns });
const removed = { drops: ['goes'], allowDestructive: true };

it('the last entity with a generated uuid is removed: earlier migrations are still replayed, and what a new database needs is said', async () => {
  await folder.generate([stays, goes({ id: { type: 'uuid', primary: true, generated: 'uuid' } })], { name: 'Init' });
  const { statements, warnings } = await folder.generate([stays], removed);
  expect(statements.map(({ sql }) => sql)).toEqual(['DROP TABLE "public"."goes"']);
  expect(warnings).toEqual([expect.stringMatching(/No entity needs the extension uuid-ossp .*CREATE EXTENSION/)]);
  expect(await folder.generate([stays], { cache: false })).toMatchObject({ files: [], warnings: [] });
  const checked = await folder.with(database.url, (migrator) =>
    migrator.check({ only: ['replay'], shadow: serverUrl() }),
  );
  expect(checked).toMatchObject({ ok: true });
  expect((await failureOf(folder.run(database.url))).next).toContain('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"');
  await database.query('CREATE EXTENSION "uuid-ossp"');
  await folder.run(database.url, { phase: 'all' });
});

itInFull('the same for a type; in a migration written by hand, it is missing as it is for TypeORM', async () => {
  await folder.generate([stays, goes({ id, tag: { type: 'citext' } })], { name: 'Init' });
  const { warnings } = await folder.generate([stays], removed);
  expect(warnings).toEqual([expect.stringContaining('No entity needs the extension citext')]);
  writeFileSync(
    join(folder.dir, '1999999999999-Late.js'),
    'export class Late1999999999999 { async up(q) { await q.query("CREATE TABLE l (t hstore)"); } async down() {} }',
  );
  expect(await failureOf(folder.generate([stays]))).toMatchObject({ code: 'REPLAY_FAILED' });
});
