import { called, ident, alterations, columnOf, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const setNotNullScan: Rule = {
  name: 'set-not-null-scan',
  severity: 'error',
  title: 'SET NOT NULL reads the whole table while everybody waits.',
  why: 'SET NOT NULL looks at every row under ACCESS EXCLUSIVE: reads and writes wait. It looks at none when a validated CHECK (column IS NOT NULL) proves it; on PostgreSQL 18 a NOT NULL constraint can be added NOT VALID and validated.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    alterations(statement, 'AT_SetNotNull').flatMap(({ table, command }) => {
      const isScanned = statement.scans.some(({ oid }) => oid === table.oid);
      if (!isScanned || columnOf(table, command.name)?.notNull) return [];
      return [
        {
          message: `Nobody can read or write ${called(table)} while all its rows are looked at.`,
          fix: (targetVersion >= 18 ? withConstraint : withCheck)(sqlName(table), table.name, command.name ?? ''),
        },
      ];
    }),
  ),
  bad: [{ given: users, sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL' }],
  good: [
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT nn CHECK (email IS NOT NULL)`,
      sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL',
    },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN email SET NOT NULL` },
  ],
};

function withCheck(table: string, tableName: string, column: string): string {
  const name = ident(`nn_${tableName}_${column}`);
  return [
    '-- Each in a migration of its own:',
    `ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${ident(column)} IS NOT NULL) NOT VALID;`,
    `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name};`,
    '-- Two statements, not one: in one, the check would be gone before it could help.',
    `ALTER TABLE ${table} ALTER COLUMN ${ident(column)} SET NOT NULL;\nALTER TABLE ${table} DROP CONSTRAINT ${name};`,
  ].join('\n');
}

function withConstraint(table: string, tableName: string, column: string): string {
  const name = ident(`${tableName}_${column}_not_null`);
  return [
    '-- Each in a migration of its own:',
    `ALTER TABLE ${table} ADD CONSTRAINT ${name} NOT NULL ${ident(column)} NOT VALID;`,
    `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name};`,
  ].join('\n');
}
