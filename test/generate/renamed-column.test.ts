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

/** What a version of the app writes in an INSERT, and what is stored. `*` is any value. */
type Written = readonly [by: 'old' | 'new', value: string, stored: string | null];

interface Changed {
  readonly before: EntitySchemaColumnOptions;
  readonly after: EntitySchemaColumnOptions;
  readonly inserts: readonly Written[];
}

const nullable = { type: 'text', nullable: true } as const;
const perRow = (): string => 'gen_random_uuid()::text';
const nulls: readonly Written[] = [
  ['new', 'NULL', null],
  ['old', 'NULL', null],
];

/** Columns that get another default, or may be NULL, together with another name. */
const changed: Readonly<Record<string, Changed>> = {
  another_default: {
    before: { type: 'text', default: 'draft' },
    after: { type: 'text', default: 'live' },
    inserts: [
      ...(['old', 'new'] as const).flatMap((by): Written[] => [
        [by, `'live'`, 'live'],
        [by, `'draft'`, 'draft'],
        [by, `'other'`, 'other'],
        [by, 'DEFAULT', 'live'],
      ]),
    ],
  },
  another_boolean: {
    before: { type: 'boolean', default: true },
    after: { type: 'boolean', default: false },
    inserts: [
      ['new', 'false', 'false'],
      ['new', 'true', 'true'],
      ['old', 'false', 'false'],
      ['old', 'true', 'true'],
      ['new', 'DEFAULT', 'false'],
    ],
  },
  another_default_or_null: {
    before: { ...nullable, default: 'x' },
    after: { ...nullable, default: 'y' },
    inserts: [...nulls, ['new', `'x'`, 'x'], ['new', `'y'`, 'y'], ['old', `'x'`, 'x'], ['old', `'y'`, 'y']],
  },
  default_lost: {
    before: { ...nullable, default: 'x' },
    after: nullable,
    inserts: [...nulls, ['new', `'x'`, 'x'], ['old', `'x'`, 'x'], ['new', 'DEFAULT', null]],
  },
  default_gained: {
    before: nullable,
    after: { ...nullable, default: 'y' },
    inserts: [...nulls, ['new', 'DEFAULT', 'y'], ['new', `'y'`, 'y'], ['old', `'y'`, 'y'], ['old', `'x'`, 'x']],
  },
  required_default_gained: {
    before: { type: 'text' },
    after: { type: 'text', default: 'y' },
    inserts: [
      ['new', 'DEFAULT', 'y'],
      ['new', `'y'`, 'y'],
      ['old', `'y'`, 'y'],
      ['old', `'x'`, 'x'],
    ],
  },
  required_default_lost: {
    before: { type: 'text', default: 'x' },
    after: { type: 'text' },
    inserts: [
      ['old', 'DEFAULT', 'x'],
      ['new', `'x'`, 'x'],
      ['new', `'y'`, 'y'],
      ['old', `'y'`, 'y'],
    ],
  },
  no_longer_required: {
    before: { type: 'text' },
    after: nullable,
    inserts: [
      ['new', 'NULL', null],
      ['new', 'DEFAULT', null],
      ['new', `'y'`, 'y'],
      ['old', `'x'`, 'x'],
    ],
  },
  no_longer_required_default_lost: {
    before: { type: 'text', default: 'x' },
    after: nullable,
    inserts: [
      ['new', 'NULL', null],
      ['new', `'x'`, 'x'],
      ['old', `'x'`, 'x'],
    ],
  },
  default_per_row: {
    before: { type: 'text', default: 'x' },
    after: { type: 'text', default: perRow },
    inserts: [
      ['new', 'DEFAULT', '*'],
      ['old', 'DEFAULT', '*'],
      ['new', `'x'`, 'x'],
      ['old', `'x'`, 'x'],
    ],
  },
  default_per_row_or_null: {
    before: { ...nullable, default: perRow },
    after: { ...nullable, default: perRow },
    inserts: [
      ['new', 'NULL', null],
      ['new', 'DEFAULT', '*'],
      ['old', 'DEFAULT', '*'],
      ['old', `'x'`, 'x'],
      ['new', `'x'`, 'x'],
    ],
  },
};

describe('a renamed column with another default, or without NOT NULL, while both versions of the app write', () => {
  const entities = (which: 'before' | 'after'): EntitySchema[] => {
    const named = Object.entries(changed).map(([name, one]) => [which === 'after' ? `${name}_now` : name, one[which]]);
    return [entity('t', { note: { type: 'text', nullable: true }, ...Object.fromEntries(named) })];
  };
  const names = Object.keys(changed);
  /** The columns other than `name` that a version must write. */
  const filler = (name: string, by: Written[0]): readonly string[] =>
    names.filter((one) => {
      const { nullable: mayMiss, default: fallback } = changed[one]?.[by === 'old' ? 'before' : 'after'] ?? {};
      return one !== name && mayMiss !== true && fallback === undefined;
    });

  it('stores what either of them writes, and its default otherwise', async () => {
    const folder = createFolder();
    const database = await createDatabase();
    try {
      await folder.generate(entities('before'), { name: 'Initial' });
      await folder.run(database.url);
      const existing = names.map(() => 'DEFAULT');
      const required = filler('', 'old');
      await database.query(
        `INSERT INTO t (${names.join(', ')}) VALUES (${existing.map((value, at) => (required.includes(names[at] ?? '') ? `'x'` : value)).join(', ')})`,
      );
      const [first] = await database.query(`SELECT ${names.join(', ')} FROM t`);
      const renames = names.map((name) => `t.${name}=${name}_now`);
      const { files } = await folder.generate(entities('after'), { renames });
      if (process.env['SHOW']) process.stderr.write(folder.texts().join(''));
      await folder.run(database.url, { phase: 'expand' });
      const stored: unknown[] = [];
      const expected: unknown[] = [];
      for (const [name, { inserts }] of Object.entries(changed)) {
        for (const [by, value, wanted] of inserts) {
          const end = by === 'old' ? '' : '_now';
          const others = filler(name, by);
          const columnNames = [name, ...others].map((one) => one + end);
          const [row = {}] = await database
            .query(
              `INSERT INTO t (${columnNames.join(', ')}) VALUES (${[value, ...others.map(() => `'x'`)].join(', ')})
               RETURNING ${name}::text AS old, ${name}_now::text AS new`,
            )
            .catch((error: unknown) => [{ old: String(error), new: undefined }]);
          const any = wanted === '*' && row['old'] !== null && row['old'] !== 'x';
          stored.push([name, by, value, any ? '*' : row['old'], any && row['old'] === row['new'] ? '*' : row['new']]);
          expected.push([name, by, value, wanted, wanted]);
        }
      }
      expect(stored).toEqual(expected);
      const both = `SELECT ${names.map((name) => `${name}_now AS ${name}`).join(', ')} FROM t ORDER BY id`;
      const rows = await database.query(both);
      expect(rows[0]).toEqual(first);
      await folder.run(database.url, { phase: 'all' });
      expect(await database.query(both)).toEqual(rows);
      await database.query(`DELETE FROM t WHERE id > 1`);
      await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
      expect(await database.query(`SELECT ${names.join(', ')} FROM t`)).toEqual([first]);
    } finally {
      folder.remove();
      await database.drop();
    }
  });

  itInFull('a revert before the second phase restores defaults and NOT NULL', async () => {
    const folder = createFolder();
    const database = await createDatabase();
    const catalog = (): Promise<unknown> =>
      database.query(
        `SELECT attname, attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`,
      );
    try {
      await folder.generate(entities('before'), { name: 'Initial' });
      await folder.run(database.url);
      const start = await catalog();
      const renames = names.map((name) => `t.${name}=${name}_now`);
      const { files } = await folder.generate(entities('after'), { renames });
      await folder.run(database.url, { phase: 'expand' });
      const required = filler('', 'new');
      await database.query(
        `INSERT INTO t (${required.map((name) => `${name}_now`).join(', ')}) VALUES (${required.map(() => `'x'`).join(', ')})`,
      );
      await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
      expect(await catalog()).toEqual(start);
      expect(await database.query('SELECT no_longer_required, default_gained FROM t')).toEqual([
        { no_longer_required: '', default_gained: 'y' },
      ]);
    } finally {
      folder.remove();
      await database.drop();
    }
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
