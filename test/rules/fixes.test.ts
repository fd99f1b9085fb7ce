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
import { full, sample } from '../support/sample.js';

const examples = rules.flatMap((rule) => rule.bad.map((example) => ({ rule: rule.name, ...example })));

it('each fix leads to the schema that the statement leads to in whose place it stands', async () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const { rule, ...example } of sample(examples, 9)) {
    const { sql, fails, embedded, targetVersion = 15 } = example;
    // The others need a newer server, fail by themselves, or are about more than one file.
    if (typeof sql !== 'string' || fails || embedded || targetVersion > 15) continue;
    for (const { rule: by, fix, statement } of await judgeExample(example)) {
      if (by !== rule || fix === undefined || statement === undefined) continue;
      tried += 1;
      const differs = await differences(example, sql, statement.sql, fix);
      if (differs !== '')
        wrong.push(`${rule}: ${sql}\n-- its fix:\n${fix}\n-- what is left to do after it:\n${differs}`);
    }
  }
  expect(wrong.join('\n\n')).toBe('');
  expect(tried).toBeGreaterThan(full ? 50 : 5);
}, 600_000);

async function differences({ given = '' }: Example, sql: string, statement: string, fix: string): Promise<string> {
  if (splitSql(fix).length === 0) return 'words only, which are advice';
  const place = sql.indexOf(statement);
  if (place < 0) return `the statement is not in the example: ${statement}`;
  const fixed = `${sql.slice(0, place)}\n${fix}\n${sql.slice(place + statement.length)}`;
  try {
    const naive = await leadsTo(`${given};\n${sql}`);
    return (await compareSchemas(await leadsTo(`${given};\n${fixed}`), naive)).map((one) => one.sql).join('\n');
  } catch (error) {
    return messageOf(error);
  }
}

/** Where a script leads, each of its statements in a transaction of its own. */
function leadsTo(script: string): Promise<Schema> {
  return onEmptyDatabase(async (database) => {
    for (const { sql } of splitSql(script)) await database.query(sql);
    const pool = new pg.Pool({ connectionString: database.url });
    try {
      return await readSchema(pool, { ignoreTables: [], texts: 'settled' });
    } finally {
      await pool.end();
    }
  });
}
