import { nodeOf, textsOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isMade } from './named.js';
import { quoteLiteral, quoteName } from '../../sql/index.js';

const mood = "CREATE TYPE mood AS ENUM ('sad', 'ok')";

export const enumRenameValue: Rule = {
  name: 'enum-rename-value',
  severity: 'warning',
  title: 'An enum value is renamed while the old version of the app still uses the old name.',
  why: 'All rows show the new name immediately, without being rewritten. The old version of the app then reads a value that it does not know, and its statements that write or query the old value fail. Instead, add the new value, make both versions understand both values, and change the rows in batches; an unused value does no harm.',
  check: eachStatement((statement, { phase }, { batch }) => {
    const alter = nodeOf(statement.tree, 'AlterEnumStmt');
    if (!alter?.oldVal || phase === 'contract') return;
    const parts = textsOf(alter.typeName);
    if (isMade('type', parts, statement, batch)) return;
    const type = parts.map(quoteName).join('.');
    return [
      {
        message: `The old version of the app can no longer write or query ${quoteLiteral(alter.oldVal)} of ${parts.join('.')}, and does not know ${quoteLiteral(alter.newVal ?? '')}.`,
        advice: `ALTER TYPE ${type} ADD VALUE IF NOT EXISTS ${quoteLiteral(alter.newVal ?? '')} AFTER ${quoteLiteral(alter.oldVal)};\n-- Then change the rows in batches, in a migration of its own.`,
      },
    ];
  }),
  bad: [
    { given: mood, sql: "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'" },
    {
      given: `CREATE SCHEMA shop; CREATE TYPE shop."State" AS ENUM ('new')`,
      sql: `ALTER TYPE shop."State" RENAME VALUE 'new' TO 'it''s new'`,
    },
  ],
  good: [
    { sql: `${mood}; ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'` },
    { given: mood, sql: "ALTER TYPE mood ADD VALUE 'fine'" },
    { given: mood, sql: "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", phase: 'contract' },
  ],
};
