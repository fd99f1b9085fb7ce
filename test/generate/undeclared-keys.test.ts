import { afterEach, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';
import { serverUrl } from '../support/database.js';
import { failureOf, using } from '../support/migrations.js';
import { sample } from '../support/sample.js';
import { createFolder } from './shop.js';

let folder = createFolder();
afterEach(() => {
  folder.remove();
  folder = createFolder();
});

type More = Pick<EntitySchemaOptions<unknown>, 'indices' | 'uniques'>;

/** An identity refers to its user by columns that are not the primary key. */
const entities = (
  by: readonly string[],
  ulid: EntitySchemaColumnOptions,
  more: More = {},
  note = false,
): EntitySchema[] => [
  new EntitySchema({
    name: 'user',
    columns: {
      id: { type: 'int', primary: true },
      ulid,
      region: { type: 'text' },
      ...(note && { note: { type: 'text', nullable: true } }),
    },
    ...more,
  }),
  new EntitySchema<{ id: number; user: unknown }>({
    name: 'identity',
    columns: { id: { type: 'int', primary: true } },
    relations: {
      user: {
        type: 'many-to-one',
        target: 'user',
        joinColumn: by.map((name) => ({ name: `user_${name}`, referencedColumnName: name })),
      },
    },
  }),
];

const note = 'ALTER TABLE "public"."user" ADD COLUMN "note" text';

const declared: readonly [string, readonly string[], EntitySchemaColumnOptions, More][] = [
  ['a unique index', ['ulid'], { type: 'text' }, { indices: [{ name: 'one_ulid', columns: ['ulid'], unique: true }] }],
  ['a unique constraint', ['ulid'], { type: 'text', unique: true }, {}],
  [
    'a unique constraint with another name on two columns',
    ['region', 'ulid'],
    { type: 'text' },
    { uniques: [{ name: 'one_ulid', columns: ['region', 'ulid'] }] },
  ],
];

it.each(sample(declared, 2))(
  'a foreign key may need %s that the migrations have and the entities do not declare',
  async (_, by, column, more) => {
    await folder.generate(entities(by, column, more), { name: 'Initial' });
    const { statements } = await folder.generate(entities(by, { type: 'text' }, {}, true), { name: 'AddNote' });
    expect(statements.map(({ sql }) => sql)).toEqual([note]);
    const again = { url: serverUrl(), migrations: [`${folder.dir}/*.js`] };
    const options = { entities: entities(by, { type: 'text' }, {}, true) };
    const { result, events } = await using({ ...again, options }, (migrator) =>
      migrator.generate({ shadow: serverUrl() }),
    );
    expect(result.statements).toEqual([]);
    expect(events).toContainEqual({
      type: 'warning',
      code: 'KEY_NOT_DECLARED',
      message: expect.stringContaining(`identity.user refers to user.${by.join(', ')}, which is not unique`),
    });
  },
);

it('is refused where nothing makes its columns unique; an index of some rows does not', async () => {
  const initial = entities(
    ['id'],
    { type: 'text' },
    { indices: [{ columns: ['ulid'], unique: true, where: 'id > 3' }] },
  );
  await folder.generate(initial, { name: 'Initial' });
  expect(await failureOf(folder.generate(entities(['ulid'], { type: 'text' }), {}))).toMatchObject({
    code: 'ENTITIES_INVALID',
    message: expect.stringMatching(
      /^identity\.user refers to user\.ulid, which is not unique, neither in the entity nor/,
    ),
  });
});
