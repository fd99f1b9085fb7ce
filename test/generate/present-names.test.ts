import { expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaOptions } from 'typeorm';
import { serverUrl } from '../support/database.js';
import { migration, using } from '../support/migrations.js';

type Shape = EntitySchemaOptions<unknown>;
const dog = (columns: Shape['columns'], more: Partial<Shape> = {}): EntitySchema =>
  new EntitySchema({ name: 'dog', columns: { ...columns }, ...more });
const id = { type: 'int', primary: true, generated: true } as const;

/** What differs between a table that a person made and renamed, and the entities. */
async function differences(entity: EntitySchema, ...up: readonly string[]): Promise<readonly string[]> {
  const { result } = await using(
    {
      url: serverUrl(),
      migrations: [migration('Made1700000000000', { up })],
      options: { entities: [entity] },
    },
    (migrator) => migrator.generate({ name: 'Change', dryRun: true, shadow: serverUrl() }),
  );
  return result.statements.map(({ sql }) => sql);
}

const animal = [
  'CREATE TABLE animal (id serial, name varchar NOT NULL, CONSTRAINT "PK_animal" PRIMARY KEY (id), CONSTRAINT "UQ_animal" UNIQUE (name))',
  'ALTER TABLE animal RENAME TO dog',
  'ALTER SEQUENCE animal_id_seq RENAME TO dog_id_seq',
];

it('keeps the names of keys that TypeORM does not compare either, and the range of a sequence', async () => {
  const same = dog({ id, name: { type: 'varchar', unique: true } });
  expect(await differences(same, ...animal, 'ALTER SEQUENCE dog_id_seq AS bigint INCREMENT 10')).toEqual([]);
});

it('renames a key to the name that the entity gives', async () => {
  const given = dog(
    { id: { ...id, primaryKeyConstraintName: 'dog_key' }, name: { type: 'varchar' } },
    { uniques: [{ name: 'dog_name', columns: ['name'] }] },
  );
  expect(await differences(given, ...animal)).toEqual([
    expect.stringContaining('RENAME CONSTRAINT "PK_animal" TO "dog_key"'),
    expect.stringContaining('RENAME CONSTRAINT "UQ_animal" TO "dog_name"'),
  ]);
});

it('lets a sequence that ends before its column grow', async () => {
  const larger = dog({ id: { ...id, type: 'bigint' }, name: { type: 'varchar', unique: true } });
  const grown = await differences(larger, ...animal, 'ALTER TABLE dog ALTER id TYPE bigint');
  expect(grown.join('\n')).toMatch(/ALTER SEQUENCE "dog_id_seq" AS bigint/);
  expect(grown.join('\n')).not.toMatch(/CONSTRAINT/);
});
