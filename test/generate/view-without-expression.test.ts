import { expect, it } from '@jest/globals';
import { EntitySchema, ViewColumn, ViewEntity } from 'typeorm';
import { serverUrl } from '../support/database.js';
import { migration, using } from '../support/migrations.js';

@ViewEntity('latest_event')
class LatestEvent {
  @ViewColumn() id!: number;
}

const event = (more: object): EntitySchema =>
  new EntitySchema({ name: 'event', columns: { id: { type: 'int', primary: true }, ...more } });

it('a view entity without an expression stands for a view that a migration has created', async () => {
  const migrations = [
    migration('Made1700000000000', {
      up: [
        'CREATE TABLE event (id int NOT NULL, CONSTRAINT "PK_30c2f3bbaf6d34a55f8ae6e4614" PRIMARY KEY (id))',
        'CREATE VIEW latest_event AS SELECT max(id) AS id FROM event',
      ],
    }),
  ];
  const generated = async (entity: EntitySchema): Promise<readonly string[]> => {
    const options = { entities: [entity, LatestEvent] };
    const { result } = await using({ url: serverUrl(), migrations, options }, (migrator) =>
      migrator.generate({ name: 'Change', dryRun: true, shadow: serverUrl() }),
    );
    return [...result.statements.map(({ sql }) => sql), ...result.warnings];
  };
  expect(await generated(event({}))).toEqual([]);
  expect(await generated(event({ name: { type: 'varchar', nullable: true } }))).toEqual([
    'ALTER TABLE "event" ADD COLUMN "name" character varying',
  ]);
});
