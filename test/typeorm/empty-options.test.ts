import { expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import { createDatabase, serverUrl } from '../support/database.js';
import { migration, using } from '../support/migrations.js';

const cat = new EntitySchema({
  name: 'cat',
  columns: { id: { type: 'int', primary: true }, mood: { type: 'enum', enum: ['calm', 'wild'], nullable: true } },
});
const made = migration('Made1700000000000', {
  up: ['CREATE TABLE cat (id int NOT NULL, CONSTRAINT "PK_7f7c4f2f5cd0c8e0fa5b0c4ba0e" PRIMARY KEY (id))'],
  down: ['DROP TABLE cat'],
});

/** As when an environment variable is empty. */
const empty = { schema: '', migrationsTableName: '', metadataTableName: '' };

it('an empty name in the options of the data source counts as none, as in TypeORM', async () => {
  const { url, query, drop } = await createDatabase();
  const { result } = await using(
    { url, migrations: [made], options: { ...empty, entities: [cat] } },
    async (migrator) => {
      const { applied } = await migrator.run();
      const { statements } = await migrator.generate({ name: 'AddMood', dryRun: true, shadow: serverUrl() });
      const { drift } = await migrator.drift({ shadow: serverUrl() });
      return { applied: applied.map(({ name }) => name), sql: statements.map(({ sql }) => sql), drift };
    },
  );
  expect(result.applied).toEqual([made.name]);
  expect(result.sql).toEqual([
    `CREATE TYPE "cat_mood_enum" AS ENUM ('calm', 'wild')`,
    `ALTER TABLE "cat" ADD COLUMN "mood" cat_mood_enum`,
  ]);
  expect(result.drift).toEqual([]);
  expect(await query('SELECT name FROM public.migrations')).toEqual([{ name: made.name }]);
  await drop();
});
