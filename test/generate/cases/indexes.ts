import type { EntitySchemaIndexOptions } from 'typeorm';
import { entity } from './case.js';
import type { Case, Column, Columns } from './case.js';

const text: Column = { type: 'text' };
const columns: Columns = {
  a: text,
  b: text,
  j: { type: 'jsonb', default: {} },
  p: { type: 'point', nullable: true },
  n: { type: 'int', default: 0 },
};
const rows = [`INSERT INTO t (a, b) VALUES ('1', 'x'), ('2', 'y')`];

function change(
  name: string,
  before: readonly EntitySchemaIndexOptions[],
  after: readonly EntitySchemaIndexOptions[],
  more: Partial<Case> = {},
): Case {
  const table = (indices: readonly EntitySchemaIndexOptions[]) => [entity('t', columns, { indices: [...indices] })];
  return { name, before: table(before), after: table(after), rows, ...more };
}

const on = (...names: readonly string[]): EntitySchemaIndexOptions => ({ name: 'i', columns: [...names] });

export const indexes: readonly Case[] = [
  change('an index is added', [], [on('a')], { phases: ['expand'] }),
  change('an index is dropped', [on('a')], [], { phases: ['contract'] }),
  change('a unique index is added', [], [{ ...on('a'), unique: true }]),
  change('a unique index is dropped', [{ ...on('a'), unique: true }], [], { phases: ['expand'] }),
  change('an index becomes unique', [on('a')], [{ ...on('a'), unique: true }]),
  change('an index is renamed', [on('a')], [{ ...on('a'), name: 'j' }]),
  change('an index gets another column', [on('a')], [on('a', 'b')]),
  change('an index gets another order of its columns', [on('a', 'b')], [on('b', 'a')]),
  change('an index gets another column, not online', [on('a')], [on('a', 'b')], {
    options: { online: false },
    phases: ['expand'],
  }),
  change('a partial index is added', [], [{ ...on('a'), where: `b <> 'it''s'` }]),
  change(
    'the predicate of an index is changed',
    [{ ...on('a'), where: `b <> 'x'` }],
    [{ ...on('a'), where: `b <> 'z'` }],
  ),
  change('the predicate of an index is removed', [{ ...on('a'), where: `b <> 'x'` }], [on('a')], {
    warnings: [
      `index i loses its condition, because its entity has none. To keep it, add to the @Index(): where: "(b <> 'x'::text)"`,
    ],
  }),
  change('a gin index is added', [], [{ ...on('j'), using: 'gin' } as EntitySchemaIndexOptions]),
  change('a spatial index is added', [], [{ ...on('p'), spatial: true }]),
  change('a brin index is added', [], [{ ...on('n'), using: 'brin' } as EntitySchemaIndexOptions]),
  change('an index with NULLS NOT DISTINCT is added', [], [{ ...on('n'), unique: false, nullFiltered: false }]),
  change('a concurrent index is added', [], [{ ...on('a'), concurrent: true } as EntitySchemaIndexOptions]),
  change('an index with a long name is added', [], [{ ...on('a'), name: 'i'.repeat(63) }]),
  change(
    'an index with a long name gets another column',
    [{ ...on('a'), name: 'i'.repeat(63) }],
    [{ ...on('b'), name: 'i'.repeat(63) }],
  ),
  change(
    'an index with odd letters gets another column',
    [{ ...on('a'), name: 'Ö i $1' }],
    [{ ...on('b'), name: 'Ö i $1' }],
  ),
  change(
    'several indexes are changed at once',
    [on('a'), { name: 'j', columns: ['b'] }, { name: 'k', columns: ['n'] }],
    [on('b'), { name: 'j', columns: ['a'], unique: true }, { name: 'l', columns: ['a', 'n'] }],
  ),
  {
    name: 'an indexed column gets another type, and its index another column',
    before: [entity('t', { a: { type: 'varchar', length: 10 }, b: text }, { indices: [on('a')] })],
    after: [entity('t', { a: { type: 'varchar', length: 20 }, b: text }, { indices: [on('a', 'b')] })],
    rows,
  },
  {
    name: 'an indexed column is dropped, and its index is on another one',
    before: [entity('t', { a: text, b: text }, { indices: [on('a')] })],
    after: [entity('t', { b: text }, { indices: [on('b')] })],
    rows,
    options: { allowDestructive: true },
  },
];
