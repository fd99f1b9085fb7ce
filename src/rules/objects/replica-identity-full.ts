import { nodeOf } from '../../observe/parser.js';
import { alterations, called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const replicaIdentityFull: Rule = {
  name: 'replica-identity-full',
  severity: 'notice',
  title: 'REPLICA IDENTITY FULL writes each old row to the log.',
  why: 'Each UPDATE and DELETE then logs all columns of the old row, and a subscriber without a suitable index scans the whole table for it. The primary key, or a unique index over NOT NULL columns, identifies rows just as well.',
  check: eachStatement((statement) =>
    alterations(statement, 'AT_ReplicaIdentity').flatMap(({ table, command }) => {
      if (nodeOf(command.def, 'ReplicaIdentityStmt')?.identity_type !== 'f') return [];
      const hasKey = table.constraints.some(({ type }) => type === 'primary key');
      return [
        {
          message: `Each UPDATE and DELETE on ${called(table)} logs the whole old row.`,
          advice: `ALTER TABLE ${sqlName(table)} REPLICA IDENTITY ${hasKey ? 'DEFAULT' : 'USING INDEX …'};`,
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users REPLICA IDENTITY FULL' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Log" (line text)',
      sql: 'ALTER TABLE ONLY shop."Log" REPLICA IDENTITY FULL',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users REPLICA IDENTITY DEFAULT' },
    { given: users, sql: 'ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey' },
    { sql: `${users}; ALTER TABLE users REPLICA IDENTITY FULL` },
  ],
};
