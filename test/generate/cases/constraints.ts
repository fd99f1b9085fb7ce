import { bare, entity } from './case.js';
import type { Case, Column } from './case.js';

const text: Column = { type: 'text' };
const int: Column = { type: 'int' };
const two = { a: text, b: text };
const rows = [`INSERT INTO t (a, b) VALUES ('1', 'x'), ('2', 'y')`];
const table = (more: object) => [entity('t', two, more)];

export const constraints: readonly Case[] = [
  {
    name: 'a unique key is added',
    before: table({}),
    after: table({ uniques: [{ name: 'u', columns: ['a'] }] }),
    rows,
    phases: ['expand', 'expand'],
  },
  {
    name: 'a unique key is added, not online',
    before: table({}),
    after: table({ uniques: [{ name: 'u', columns: ['a'] }] }),
    rows,
    options: { online: false },
    phases: ['expand'],
  },
  {
    name: 'a unique key is dropped',
    before: table({ uniques: [{ name: 'u', columns: ['a'] }] }),
    after: table({}),
    rows,
  },
  {
    name: 'a unique key gets another column under the same name',
    before: table({ uniques: [{ name: 'u', columns: ['a'] }] }),
    after: table({ uniques: [{ name: 'u', columns: ['a', 'b'] }] }),
    rows,
  },
  {
    name: 'a unique key is renamed',
    before: table({ uniques: [{ name: 'u', columns: ['a'] }] }),
    after: table({ uniques: [{ name: 'v', columns: ['a'] }] }),
    rows,
  },
  ...[undefined, false].flatMap((online) => {
    const key = table({ uniques: [{ name: 'u', columns: ['a'] }] });
    const index = (columns: readonly string[]) =>
      table({ indices: [{ name: 'u', columns: [...columns], unique: true }] });
    const how = online === false ? ', not online' : '';
    const options = online === false ? { online } : {};
    return [
      {
        name: `a unique key becomes an index of the same name${how}`,
        before: key,
        after: index(['a']),
        rows,
        options,
        says:
          online === false
            ? []
            : ['CREATE UNIQUE INDEX CONCURRENTLY "u_new"', 'ALTER INDEX "public"."u_new" RENAME TO "u"'],
      },
      {
        name: `a unique index becomes a key of the same name${how}`,
        before: index(['a']),
        after: key,
        rows,
        options,
        ...(online === false ? {} : { sql: ['ALTER TABLE "public"."t" ADD CONSTRAINT "u" UNIQUE USING INDEX "u"'] }),
      },
      {
        name: `a unique index becomes a key of the same name on other columns${how}`,
        before: index(['b', 'a']),
        after: key,
        rows,
        options,
      },
    ];
  }),
  {
    name: 'a unique key becomes deferrable',
    before: table({ uniques: [{ name: 'u', columns: ['a'] }] }),
    after: table({ uniques: [{ name: 'u', columns: ['a'], deferrable: 'INITIALLY DEFERRED' }] }),
    rows,
  },
  {
    name: 'a check is added',
    before: table({}),
    after: table({ checks: [{ name: 'c', expression: `a <> ''` }] }),
    rows,
    phases: ['expand', 'expand'],
  },
  {
    name: 'a check is dropped',
    before: table({ checks: [{ name: 'c', expression: `a <> ''` }] }),
    after: table({}),
    rows,
  },
  {
    name: 'a check is changed under the same name',
    before: table({ checks: [{ name: 'c', expression: `a <> ''` }] }),
    after: table({ checks: [{ name: 'c', expression: `a <> 'it''s'` }] }),
    rows,
  },
  {
    name: 'a check is changed under the same name, not online',
    before: table({ checks: [{ name: 'c', expression: `a <> ''` }] }),
    after: table({ checks: [{ name: 'c', expression: `a <> 'it''s'` }] }),
    rows,
    options: { online: false },
    phases: ['expand'],
  },
  {
    name: 'an exclusion is added',
    before: [entity('t', { r: { type: 'int4range' } })],
    after: [
      entity('t', { r: { type: 'int4range' } }, { exclusions: [{ name: 'e', expression: 'USING gist (r WITH &&)' }] }),
    ],
    rows: [`INSERT INTO t (r) VALUES ('[1,2)'), ('[2,3)')`],
  },
  {
    name: 'an exclusion is changed under the same name',
    before: [
      entity('t', { r: { type: 'int4range' } }, { exclusions: [{ name: 'e', expression: 'USING gist (r WITH &&)' }] }),
    ],
    after: [
      entity('t', { r: { type: 'int4range' } }, { exclusions: [{ name: 'e', expression: 'USING gist (r WITH =)' }] }),
    ],
    rows: [`INSERT INTO t (r) VALUES ('[1,2)'), ('[2,3)')`],
  },
  {
    name: 'an exclusion is dropped',
    before: [
      entity('t', { r: { type: 'int4range' } }, { exclusions: [{ name: 'e', expression: 'USING gist (r WITH &&)' }] }),
    ],
    after: [entity('t', { r: { type: 'int4range' } })],
    rows: [`INSERT INTO t (r) VALUES ('[1,2)'), ('[2,3)')`],
  },
  {
    name: 'a primary key gets another column',
    before: [bare('t', { a: { ...int, primary: true }, b: int })],
    after: [bare('t', { a: { ...int, primary: true }, b: { ...int, primary: true } })],
    rows: ['INSERT INTO t VALUES (1, 1), (2, 1)'],
  },
  {
    name: 'a primary key loses a column',
    before: [bare('t', { a: { ...int, primary: true }, b: { ...int, primary: true } })],
    after: [bare('t', { a: { ...int, primary: true }, b: int })],
    rows: ['INSERT INTO t VALUES (1, 1), (2, 1)'],
  },
  {
    name: 'a primary key is another column',
    before: [bare('t', { a: { ...int, primary: true }, b: int })],
    after: [bare('t', { a: int, b: { ...int, primary: true } })],
    rows: ['INSERT INTO t VALUES (1, 1), (2, 2)'],
  },
  {
    name: 'a primary key becomes a uuid',
    before: [bare('t', { id: { ...int, primary: true, generated: 'increment' }, a: text })],
    after: [bare('t', { uuid: { type: 'uuid', primary: true, default: () => 'gen_random_uuid()' }, a: text })],
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
    options: { allowDestructive: true, drops: ['t.id'] },
  },
  {
    name: 'a primary key gets a name',
    before: [bare('t', { a: { ...int, primary: true } })],
    after: [bare('t', { a: { ...int, primary: true, primaryKeyConstraintName: 'pk' } })],
    rows: ['INSERT INTO t VALUES (1), (2)'],
  },
  {
    name: 'a primary key with a foreign key to it gets a name',
    before: [
      bare('t', { a: { ...int, primary: true } }),
      entity(
        'u',
        { a: int },
        { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['a'], referencedColumnNames: ['a'] }] },
      ),
    ],
    after: [
      bare('t', { a: { ...int, primary: true, primaryKeyConstraintName: 'pk' } }),
      entity(
        'u',
        { a: int },
        { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['a'], referencedColumnNames: ['a'] }] },
      ),
    ],
    rows: ['INSERT INTO t VALUES (1), (2)', 'INSERT INTO u (a) VALUES (2)'],
  },
];
