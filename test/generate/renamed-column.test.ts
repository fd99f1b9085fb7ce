import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntitySchema, EntitySchemaColumnOptions } from 'typeorm';
import type { Ask } from '../../src/commands/generate/types.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { itInFull } from '../support/sample.js';
import { entity } from './cases/case.js';
import { linked } from './cases/renames.js';
import { createFolder } from './shop.js';
import type { MigrationsFolder } from './shop.js';

interface Renamed {
  readonly column: EntitySchemaColumnOptions;
  /** SQL values. Where its type has an `=`, the first two are equal by it all the same, and different. */
  readonly values: readonly [string, string, string];
}

/** By their names in the old version; in the new one, `_now` follows. */
const columns: Readonly<Record<string, Renamed>> = {
  json: { column: { type: 'json' }, values: [`'{"a":1}'`, `'{"a": 1}'`, `'[]'`] },
  jsons: { column: { type: 'json', array: true }, values: [`'{"1"}'`, `'{" 1"}'`, `'{}'`] },
  xml: { column: { type: 'xml' }, values: [`'<a/>'`, `'<a></a>'`, `'<b/>'`] },
  point: { column: { type: 'point' }, values: [`'(0,0)'`, `'(0,1)'`, `'(2,2)'`] },
  points: { column: { type: 'point', array: true }, values: [`'{"(0,0)"}'`, `'{"(0,1)"}'`, `'{}'`] },
  polygon: { column: { type: 'polygon' }, values: [`'((0,0),(1,1),(0,1))'`, `'((0,0),(1,0),(1,1))'`, `'((9,9))'`] },
  box: { column: { type: 'box' }, values: [`'(1,1),(0,0)'`, `'(3,3),(2,2)'`, `'(9,9),(0,0)'`] },
  circle: { column: { type: 'circle' }, values: [`'<(0,0),1>'`, `'<(5,5),1>'`, `'<(0,0),9>'`] },
  path: { column: { type: 'path' }, values: [`'((0,0),(1,1))'`, `'((0,0),(2,2))'`, `'((0,0))'`] },
  line: { column: { type: 'line' }, values: [`'{1,2,3}'`, `'{2,4,6}'`, `'{1,0,0}'`] },
  jsonb: { column: { type: 'jsonb' }, values: [`'{"a":1.0}'`, `'{"a":1.00}'`, `'[]'`] },
  numeric: { column: { type: 'numeric' }, values: ['1.0', '1.00', '2'] },
  citext: { column: { type: 'citext' }, values: [`'a'`, `'A'`, `'b'`] },
  interval: { column: { type: 'interval' }, values: [`'24 hours'`, `'1 day'`, `'1 week'`] },
  text: { column: { type: 'text' }, values: [`'a'`, `''`, `'b'`] },
};
const withDefault: typeof columns = {
  d_json: { column: { type: 'json', default: {} }, values: [`'{"a":1}'`, `'{"a": 1}'`, `'[]'`] },
  d_point: { column: { type: 'point', default: '(0,0)' }, values: [`'(1,0)'`, `'(0,1)'`, `'(2,2)'`] },
  d_small: { column: { type: 'smallint', default: 0 }, values: ['1', '2', '3'] },
  d_money: { column: { type: 'numeric', precision: 10, scale: 2, default: 0 }, values: ['1', '2', '3'] },
  d_char: { column: { type: 'char', length: 4, default: 'a' }, values: [`'b'`, `'c'`, `'d'`] },
  d_enum: { column: { type: 'enum', enum: ['a', 'b', 'c', 'd'], default: 'a' }, values: [`'b'`, `'c'`, `'d'`] },
  d_texts: { column: { type: 'text', array: true, default: [] }, values: [`'{a}'`, `'{b}'`, `'{c}'`] },
  d_uuid: {
    column: { type: 'uuid', default: () => 'gen_random_uuid()' },
    values: [1, 2, 3].map((n) => `'00000000-0000-0000-0000-00000000000${n}'`) as unknown as Renamed['values'],
  },
  d_time: {
    column: { type: 'timestamptz', default: () => 'now()' },
    values: [`'2026-01-01Z'`, `'2026-01-02Z'`, `'2026-01-03Z'`],
  },
};
const all = { ...columns, ...withDefault };
const table = (end: string): EntitySchema[] => {
  const nullable = Object.entries(columns).map(([name, { column }]) => [name + end, { ...column, nullable: true }]);
  const filled = Object.entries(withDefault).map(([name, { column }]) => [
    name + end,
    { ...column, ...(column.type === 'enum' && { enumName: 'letter' }) },
  ]);
  return [entity('t', { note: { type: 'text', default: '' }, ...Object.fromEntries([...nullable, ...filled]) })];
};

describe('a renamed column of any type, while both versions of the app write', () => {
  let database: TestDatabase;
  let folder: MigrationsFolder;
  let files: readonly string[];

  beforeAll(async () => {
    folder = createFolder();
    database = await createDatabase();
    await folder.generate(table(''), { name: 'Initial' });
    await folder.run(database.url);
    await insert('', 0);
    const renames = Object.keys(all).map((name) => `t.${name}=${name}_now`);
    ({ files } = await folder.generate(table('_now'), { renames }));
    if (process.env['SHOW']) process.stderr.write(folder.texts().join(''));
    await folder.run(database.url, { phase: 'expand' });
  });
  afterAll(async () => {
    folder.remove();
    await database.drop();
  });

  /** The row that is inserted has the values of this number. */
  async function insert(end: '' | '_now', value: 0 | 1 | 2): Promise<void> {
    const names = Object.keys(all).map((name) => name + end);
    const values = Object.values(all).map((one) => one.values[value]);
    await database.query(`INSERT INTO t (${names.join(', ')}) VALUES (${values.join(', ')})`);
  }

  /** What the last row, or all of them, have in a column: as text, by both names. */
  async function lastOf(name: string): Promise<readonly unknown[]> {
    const [row] = await database.query(
      `SELECT "${name}"::text AS old, "${name}_now"::text AS new FROM t ORDER BY id DESC LIMIT 1`,
    );
    return [row?.['old'], row?.['new']];
  }

  async function printed(name: string, value: 0 | 1 | 2): Promise<unknown> {
    const type = `(SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = '${name}')`;
    const [{ of } = {}] = await database.query(`SELECT ${type} AS of`);
    const [row] = await database.query(`SELECT (${all[name]?.values[value]}::${String(of)})::text AS text`);
    return row?.['text'];
  }

  const names = Object.keys(all);
  const expectAll = async (value: 0 | 1 | 2): Promise<void> => {
    for (const name of names) {
      const text = await printed(name, value);
      expect([name, ...(await lastOf(name))]).toEqual([name, text, text]);
    }
  };

  it('existing rows have it under both names', () => expectAll(0));

  it('rows that either version inserts', async () => {
    await insert('', 1);
    await expectAll(1);
    await insert('_now', 2);
    await expectAll(2);
  });

  it('the default, if neither gives a value', async () => {
    await database.query('INSERT INTO t (note) VALUES (DEFAULT)');
    for (const name of names) {
      const [old, now] = await lastOf(name);
      expect([name, old]).toEqual([name, now]);
      expect([name, old === null]).toEqual([name, name in columns]);
    }
  });

  it.each(['', '_now'] as const)('updates by the name *%s, to equal and to different values', async (end) => {
    await insert('', 0);
    for (const value of [1, 2, 0] as const) {
      const values = Object.entries(all).map(([name, one]) => `${name}${end} = ${one.values[value]}`);
      await database.query(`UPDATE t SET ${values.join(', ')}`);
      await expectAll(value);
    }
    await database.query(`UPDATE t SET note = 'other'`);
    await expectAll(0);
    const nulls = Object.keys(columns).map((name) => `${name}${end} = NULL`);
    await database.query(`UPDATE t SET ${nulls.join(', ')}`);
    for (const name of Object.keys(columns)) expect([name, ...(await lastOf(name))]).toEqual([name, null, null]);
  });

  it('continues under the new name alone, and back, with all values', async () => {
    await insert('', 1);
    await folder.run(database.url, { phase: 'all' });
    const of = async (end: string): Promise<unknown> =>
      database
        .query(`SELECT id, ${names.map((name) => `${name}${end}::text`).join(', ')} FROM t ORDER BY id`)
        .then((rows) => rows.map((row) => Object.values(row)));
    const after = await of('_now');
    await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
    expect(await of('')).toEqual(after);
    const [{ note } = {}] = await database.query(
      `INSERT INTO t (note) VALUES ('again') RETURNING note, ${names.join(', ')}`,
    );
    expect(note).toBe('again');
  });
});

itInFull('the answer about a key is that about the columns of junction tables too', async () => {
  const folder = createFolder();
  const after = linked('person', {}, 'a', { type: 'int', primary: true, generated: 'increment', name: 'number' });
  await folder.generate(linked('person'), { name: 'Initial' });
  await expect(folder.generate(after)).rejects.toMatchObject({
    message: 'person.id is no longer in the entities, and person.number is new: was it renamed?\nNothing was written.',
  });
  const asked: string[] = [];
  const choose: Ask['choose'] = (question, choices) => {
    asked.push(question);
    return Promise.resolve(choices.at(asked.length === 1 ? 0 : -1)?.value ?? '');
  };
  const ask: Ask = { choose, text: () => Promise.resolve(''), confirm: () => Promise.resolve(false) };
  const { renames } = await folder.generate(after, { ask });
  expect(asked).toEqual(['person.id is no longer in the entities. What happened to it?']);
  expect(renames.map(({ from, to }) => `${from} = ${to}`)).toEqual([
    'column person.id = column person.number',
    'column person_friends_person.personId_1 = column person_friends_person.personNumber_1',
    'column person_friends_person.personId_2 = column person_friends_person.personNumber_2',
    'column person_tags_tag.personId = column person_tags_tag.personNumber',
  ]);
});

it('a table, its column and its junction tables are renamed, while the old version of the app uses the old names', async () => {
  const folder = createFolder();
  const database = await createDatabase();
  const rowsOf = async (...statements: readonly string[]): Promise<readonly unknown[]> => {
    const found: unknown[] = [];
    for (const sql of statements)
      found.push((await database.query(`SELECT ${sql} ORDER BY 1, 2`)).map((row) => Object.values(row)));
    return found;
  };
  const byOldNames = ['id, a FROM person', '* FROM person_tags_tag', '* FROM person_friends_person'];
  const byNewNames = ['id, label FROM human', '* FROM human_tags_tag', '* FROM human_friends_human'];
  try {
    await folder.generate(linked('person'), { name: 'Initial' });
    await folder.run(database.url);
    await database.query(`INSERT INTO tag (a) VALUES ('x'), ('y'); INSERT INTO person (a) VALUES ('p'), ('q'), ('r');
      INSERT INTO person_tags_tag VALUES (1, 2); INSERT INTO person_friends_person VALUES (1, 2)`);
    const asked: string[] = [];
    const choose: Ask['choose'] = (question, [first]) => {
      asked.push(question);
      return Promise.resolve(first?.value ?? '');
    };
    const ask: Ask = { choose, text: () => Promise.resolve(''), confirm: () => Promise.resolve(false) };
    const { files, renames } = await folder.generate(linked('human', {}, 'label'), { ask });
    expect(asked).toEqual(
      ['person', 'human.a'].map((name) => `${name} is no longer in the entities. What happened to it?`),
    );
    expect(renames.map(({ from, to }) => `${from} = ${to}`)).toEqual([
      'table person = table human',
      'table person_friends_person = table human_friends_human',
      'table person_tags_tag = table human_tags_tag',
      'column human_friends_human.personId_1 = column human_friends_human.humanId_1',
      'column human_friends_human.personId_2 = column human_friends_human.humanId_2',
      'column human_tags_tag.personId = column human_tags_tag.humanId',
      'column human.a = column human.label',
    ]);
    await folder.run(database.url, { phase: 'expand' });
    await database.query(`INSERT INTO person (a) VALUES ('old'); UPDATE person SET a = 'changed' WHERE id = 1; DELETE FROM person WHERE id = 3;
      INSERT INTO person_tags_tag ("personId", "tagId") VALUES (4, 1);
      INSERT INTO person_friends_person ("personId_1", "personId_2") VALUES (4, 1);
      INSERT INTO human (label) VALUES ('new'); UPDATE human SET label = 'too' WHERE id = 2; INSERT INTO human_tags_tag ("humanId", "tagId") VALUES (5, 1)`);
    const all = [
      [
        [1, 'changed'],
        [2, 'too'],
        [4, 'old'],
        [5, 'new'],
      ],
      [
        [1, 2],
        [4, 1],
        [5, 1],
      ],
      [
        [1, 2],
        [4, 1],
      ],
    ];
    expect(await rowsOf(...byOldNames)).toEqual(all);
    expect(await rowsOf(...byNewNames)).toEqual(all);
    await folder.run(database.url, { phase: 'all' });
    expect(await rowsOf(...byNewNames)).toEqual(all);
    await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
    expect(await rowsOf(...byOldNames)).toEqual(all);
  } finally {
    folder.remove();
    await database.drop();
  }
});

itInFull(
  'with another type it is renamed directly, and the summary says that the old version of the app breaks',
  async () => {
    const folder = createFolder();
    const of = (name: string, length: number): EntitySchema[] => [entity('t', { [name]: { type: 'varchar', length } })];
    try {
      await folder.generate(of('c', 10), { name: 'Initial' });
      const { warnings } = await folder.generate(of('d', 20), { renames: ['t.c=d'] });
      expect(warnings).toEqual([
        expect.stringContaining('column t.c is renamed directly, so the old version of the app fails from then on'),
      ]);
    } finally {
      folder.remove();
    }
  },
);
