import { describe, expect, test } from '@jest/globals';
import { evolve } from '../support/evolve.js';
import type { Case } from './cases/case.js';
import { columns } from './cases/columns.js';
import { constraints } from './cases/constraints.js';
import { enums } from './cases/enums.js';
import { expressions } from './cases/expressions.js';
import { indexes } from './cases/indexes.js';
import { others } from './cases/others.js';
import { relations } from './cases/relations.js';
import { renames } from './cases/renames.js';
import { views } from './cases/views.js';
import { sample } from '../support/sample.js';

const topics: Readonly<Record<string, readonly Case[]>> = {
  columns,
  enums,
  constraints,
  expressions,
  indexes,
  relations,
  renames,
  views,
  others,
};

/** Each takes seconds; `npm run acceptance` goes through all of them, `npm test` through the first one of every second topic. */
const chosen = (cases: readonly Case[]): readonly Case[] => sample(cases, 400);

describe.each(sample(Object.entries(topics), 2).map(([topic, cases]) => [topic, chosen(cases)] as const))(
  '%s',
  (_topic, cases) => {
    test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const { change, sql, texts, rowsKept } = await evolve(one);
      expect(rowsKept > 0).toBe((one.rows ?? []).length > 0);
      if (one.sql) expect(sql).toEqual(one.sql);
      if (one.warnings) expect(change.warnings).toEqual(one.warnings);
      for (const text of one.says ?? []) expect(sql.join('\n')).toContain(text);
      if (one.neverSays) expect(texts.join('\n')).not.toMatch(one.neverSays);
      if (one.phases)
        expect(texts.flatMap((text) => [...text.matchAll(/static phase = '(\w+)'/g)].map((match) => match[1]))).toEqual(
          one.phases,
        );
    });
  },
);
