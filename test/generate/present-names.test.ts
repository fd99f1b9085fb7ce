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

it('keeps what a person has added to an index, and replaces an index on other columns or of other rows', async () => {
  const columns = { id, name: { type: 'varchar' }, age: { type: 'int' }, tags: { type: 'text', array: true } } as const;
  const entity = dog(columns, {
    indices: [
      { name: 'by_age', columns: ['age', 'name'] },
      { name: 'by_tags', columns: ['tags'] },
      { name: 'by_name', columns: ['name'], where: 'age > 3' },
      { name: 'other_order', columns: ['name', 'age'] },
      { name: 'other_rows', columns: ['age'], where: 'age > 3' },
      { name: 'unique_name', columns: ['name'], unique: true },
      { name: 'lower_name', columns: ['name'] },
    ],
  });
  const written = await differences(
    entity,
    'CREATE TABLE dog (id serial, name varchar NOT NULL, age int NOT NULL, tags text[] NOT NULL, CONSTRAINT "PK_dog" PRIMARY KEY (id))',
    'CREATE INDEX by_age ON dog (age DESC NULLS LAST, name COLLATE "C" varchar_pattern_ops)',
    'CREATE INDEX by_tags ON dog USING gin (tags) WITH (fastupdate = off)',
    'CREATE INDEX by_name ON dog (name) INCLUDE (age, tags) WHERE age > 3',
    'CREATE INDEX other_order ON dog (age DESC, name)',
    'CREATE INDEX other_rows ON dog (age DESC) WHERE age > 4',
    'CREATE INDEX unique_name ON dog (name DESC)',
    'CREATE INDEX lower_name ON dog (lower(name))',
  );
  const text = written.join('\n');
  for (const kept of ['by_age', 'by_tags', 'by_name']) expect(text).not.toContain(kept);
  for (const replaced of ['other_order', 'other_rows', 'unique_name', 'lower_name']) expect(text).toContain(replaced);
});
