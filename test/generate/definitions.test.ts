import { expect, test } from '@jest/globals';
import { evolve } from '../support/evolve.js';
import { bare, entity } from './cases/case.js';
import { definitions } from './cases/definitions.js';
import { full, itInFull } from '../support/sample.js';

// Extensions that PGlite or the test server lack are not what is tested here.
const missing = new Set(['citext', 'hstore', 'ltree', 'cube']);
const usable = Object.fromEntries(Object.entries(definitions).filter(([name]) => !missing.has(name)));
const other = entity('other', { a: { type: 'text' } });

test.each([[Object.keys(usable).length]])(
  '%d column definitions: created, reverted and created again',
  async (count) => {
    expect(count).toBeGreaterThan(150);
    await evolve({ before: [other], after: [other, entity('t', usable)] });
  },
);

itInFull('all of them in PGlite', async () => {
  const { change } = await evolve({ before: [other], after: [other, entity('t', usable)], inProcess: true });
  expect(change.files).toHaveLength(1);
});

if (full)
  test('each of them added to a table with rows', async () => {
    const nullable = Object.fromEntries(
      Object.entries(usable).map(([name, column]) => [
        name,
        column.default === undefined && !column.generated && !column.asExpression
          ? { ...column, nullable: true }
          : column,
      ]),
    );
    const { rowsKept } = await evolve({
      before: [bare('t', { key: { type: 'int', primary: true } })],
      after: [bare('t', { key: { type: 'int', primary: true }, ...nullable })],
      rows: ['INSERT INTO t VALUES (1), (2)'],
    });
    expect(rowsKept).toBe(2);
  });
