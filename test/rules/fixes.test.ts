import { expect, it } from '@jest/globals';
import pg from 'pg';
import { messageOf } from '../../src/errors.js';
import { rules } from '../../src/rules/all-rules.js';
import type { Example } from '../../src/rules/rule.js';
import { compareSchemas } from '../../src/schema/compare.js';
import { readSchema } from '../../src/schema/read.js';
import type { Schema } from '../../src/schema/read.js';
import { splitSql } from '../../src/sql/index.js';
import { onEmptyDatabase } from '../support/empty-database.js';
import { judgeExample } from '../support/judge.js';
import { fillTables, sumsOfColumns } from '../support/fill-tables.js';
import { full, sample } from '../support/sample.js';

const examples = rules.flatMap((rule) => rule.bad.map((example) => ({ rule: rule.name, ...example })));

/** More than one page of any recipe that goes through a table in batches. */
const rowCount = full ? 100_000 : 300;

it('each fix leads to the same schema and rows as the statement that it replaces', async () => {
  const wrong: string[] = [];
  let tried = 0;
  let withRows = 0;
  for (const { rule, ...example } of sample(examples, 9)) {
    const { sql, fails, embedded, targetVersion = 15 } = example;
    // The others need a newer server, fail by themselves, or are about more than one file.
    if (typeof sql !== 'string' || fails || embedded || targetVersion > 15) continue;
    for (const { rule: by, fix, statement } of await judgeExample(example)) {
      if (by !== rule || fix === undefined || statement === undefined) continue;
      tried += 1;
      const { differs, rows } = await differences(example, sql, statement.sql, fix);
      if (rows > 0) withRows += 1;
      if (differs !== '')
        wrong.push(`${rule}: ${sql}\n-- its fix:\n${fix}\n-- what is left to do after it:\n${differs}`);
    }
  }
  expect(wrong.join('\n\n')).toBe('');
  expect(tried).toBeGreaterThan(full ? 50 : 5);
  // The others begin with no table, or fail on rows whichever way.
  expect(withRows).toBeGreaterThan(tried / 2);
}, 1_800_000);

interface Compared {
  /** What is left to do after the fix. */
  readonly differs: string;
  /** In how many rows it was looked for. */
  readonly rows: number;
}

async function differences({ given = '' }: Example, sql: string, statement: string, fix: string): Promise<Compared> {
  if (splitSql(fix).length === 0) return { differs: 'words only, which are advice', rows: 0 };
  const place = sql.indexOf(statement);
  if (place < 0) return { differs: `the statement is not in the example: ${statement}`, rows: 0 };
  const fixed = `${sql.slice(0, place)}\n${fix}\n${sql.slice(place + statement.length)}`;
  try {
    const naive = await leadsTo(given, sql, rowCount);
    // What the statement itself cannot do with such rows, such as a key over equal values, is compared without any.
    if (naive instanceof Error) {
      const [one, other] = [await leadsTo(given, sql, 0), await leadsTo(given, fixed, 0)];
      if (one instanceof Error || other instanceof Error)
        return { differs: messageOf(one) + messageOf(other), rows: 0 };
      return { differs: await schemaDiffers(other, one), rows: 0 };
    }
    const after = await leadsTo(given, fixed, rowCount);
    if (after instanceof Error) return { differs: messageOf(after), rows: 0 };
    const differs = [
      await schemaDiffers(after, naive),
      await rowsDiffer(after, naive, () => leadsTo(given, sql, rowCount)),
    ];
    return { differs: differs.filter((text) => text !== '').join('\n'), rows: naive.count };
  } catch (error) {
    return { differs: messageOf(error), rows: 0 };
  }
}

interface Outcome {
  readonly schema: Schema;
  /** How many rows there were at the start. */
  readonly count: number;
  /** A number for all values of a column, by table and column. */
  readonly columns: ReadonlyMap<string, string>;
}

async function schemaDiffers(after: Outcome, naive: Outcome): Promise<string> {
  return (await compareSchemas(after.schema, naive.schema)).map((one) => one.sql).join('\n');
}

async function rowsDiffer(after: Outcome, naive: Outcome, again: () => Promise<Outcome | Error>): Promise<string> {
  const different = [...naive.columns].filter(([column, values]) => after.columns.get(column) !== values);
  if (different.length === 0) return '';
  // now() and random() give other values each time, whichever way they are written.
  const second = await again();
  const stable = different.filter(
    ([column, values]) => second instanceof Error || second.columns.get(column) === values,
  );
  return stable.map(([column]) => `other rows in ${column}`).join('\n');
}

/** Where a script leads, each of its statements in a transaction of its own; its error where it fails. */
function leadsTo(given: string, script: string, rows: number): Promise<Outcome | Error> {
  return onEmptyDatabase(async (database) => {
    for (const { sql } of splitSql(given)) await database.query(sql);
    const count = rows === 0 ? 0 : await fillTables(database, rows);
    try {
      for (const { sql } of splitSql(script)) await database.query(sql);
    } catch (error) {
      return error as Error;
    }
    const pool = new pg.Pool({ connectionString: database.url });
    try {
      const schema = await readSchema(pool, { ignoreTables: [], texts: 'settled' });
      return { schema, count, columns: await sumsOfColumns(database) };
    } finally {
      await pool.end();
    }
  });
}
