import type { TableFacts } from '../../observe/catalog.js';
import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import { nodeOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { quoteLiteral } from '../../sql/index.js';
import { bare } from '../recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const ifNotExistsStillLocks: Rule = {
  name: 'if-not-exists-still-locks',
  severity: 'notice',
  title: 'IF NOT EXISTS and IF EXISTS lock the table even when they do nothing.',
  why: 'ADD COLUMN IF NOT EXISTS and DROP COLUMN IF EXISTS take ACCESS EXCLUSIVE before they check: reads and writes block briefly, or queue behind a long query, for nothing. An existing column stays unchanged, even if its type or default differs from the statement. Reported only if the statement does nothing after the earlier migrations.',
  check: eachStatement((statement) =>
    alterations(statement).flatMap(({ table, command }) => {
      if (!command.missing_ok) return [];
      const added = nodeOf(command.def, 'ColumnDef')?.colname;
      if (command.subtype === 'AT_AddColumn' && columnOf(table, added))
        return [
          {
            message: `${called(table)} already has ${ident(added)}: the statement changes nothing, but locks the table.`,
            fix: guarded(statement.sql, table, added ?? '', 'NOT EXISTS'),
          },
        ];
      if (command.subtype === 'AT_DropColumn' && !columnOf(table, command.name))
        return [
          {
            message: `${called(table)} has no ${ident(command.name)}: the statement drops nothing, but locks the table.`,
            fix: guarded(statement.sql, table, command.name ?? '', 'EXISTS'),
          },
        ];
      return [];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN IF NOT EXISTS email varchar(100)' },
    { given: 'CREATE TABLE "User" ("Id" int)', sql: 'ALTER TABLE ONLY public."User" DROP COLUMN IF EXISTS id' },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN IF NOT EXISTS name text' },
    { given: users, sql: 'ALTER TABLE users DROP COLUMN IF EXISTS email', phase: 'contract' },
    { sql: `${users}; ALTER TABLE users ADD COLUMN IF NOT EXISTS email text` },
  ],
};

function guarded(sql: string, table: TableFacts, column: string, when: 'EXISTS' | 'NOT EXISTS'): string {
  return [
    '-- Leave it out, or check first:',
    'DO $$ BEGIN',
    `  IF ${when} (SELECT FROM pg_attribute WHERE attrelid = to_regclass(${quoteLiteral(sqlName(table))}) AND attname = ${quoteLiteral(column)} AND NOT attisdropped) THEN`,
    `    ${bare(sql)};`,
    '  END IF;',
    'END $$;',
  ].join('\n');
}
