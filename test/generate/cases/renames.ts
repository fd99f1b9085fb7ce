import { entity } from './case.js';
import type { Case, Column } from './case.js';

const text: Column = { type: 'text' };

/** The column `a` is called `b` from now on. */
function column(name: string, type: Column, value: string, more: Partial<Case> = {}): Case {
  return {
    name,
    before: [entity('t', { a: type, n: { type: 'int' } })],
    after: [entity('t', { b: type, n: { type: 'int' } })],
    options: { renames: ['t.a=b'] },
    rows: [`INSERT INTO t (a, n) VALUES (${value}, 1), (${value}, 2)`],
    ...more,
  };
}

/** Types without an `=`. */
const incomparable: readonly (readonly [type: Column['type'], value: string, more?: Partial<Column>])[] = [
  ['json', `'{}'`],
  ['json', `'{}'`, { array: true }],
  ['xml', `'<a/>'`],
  ['point', `'(1,2)'`],
  ['polygon', `'((1,2),(3,4))'`],
];

export const renames: readonly Case[] = [
  column('a column is renamed', text, `'x'`),
  ...incomparable.map(([type, value, more]) =>
    column(`a column of type ${String(type)}${more ? '[]' : ''} is renamed`, { type, ...more }, value),
  ),
  column('a column with a default is renamed', { type: 'json', default: {} }, 'DEFAULT'),
  column(
    'a column with another default for each row is renamed',
    { type: 'uuid', default: () => 'gen_random_uuid()' },
    'DEFAULT',
  ),
  column('a nullable column is renamed', { type: 'xml', nullable: true }, 'NULL'),
  column('a column is renamed directly', text, `'x'`, { options: { renames: ['t.a=b'], renameDirectly: true } }),
  {
    ...column('a column is renamed, with what was made by hand upon it', text, `'x'`),
    hand: {
      up: [
        'CREATE POLICY p ON t USING (a = current_user)',
        'CREATE INDEX i ON t (a)',
        `ALTER TABLE t ADD CONSTRAINT k CHECK (a <> '')`,
      ],
      down: ['DROP POLICY p ON t', 'DROP INDEX i', 'ALTER TABLE t DROP CONSTRAINT k'],
    },
    stays: ['policy t.p', 'index i', 'constraint t.k'],
  },
  {
    ...column('a column in a key made by hand is renamed in the catalog', text, `'x'`),
    hand: {
      up: ['ALTER TABLE t ADD CONSTRAINT o UNIQUE (a, n)'],
      down: ['ALTER TABLE t DROP CONSTRAINT o'],
    },
    stays: ['constraint t.o'],
    phases: ['expand'],
  },
  {
    name: 'a table is renamed',
    before: [entity('t', { a: text }), entity('s', { a: text })],
    after: [entity('u', { a: text }), entity('s', { a: text })],
    options: { renames: ['t=u'] },
    rows: [`INSERT INTO t (a) VALUES ('x')`, `INSERT INTO s (a) VALUES ('x')`],
  },
];
