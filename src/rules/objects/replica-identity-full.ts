import { nodeOf } from '../../observe/parser.js';
import { alterations, called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const replicaIdentityFull: Rule = {
  name: 'replica-identity-full',
  severity: 'notice',
  title: 'REPLICA IDENTITY FULL logs every old row in full.',
  why: 'Every UPDATE and DELETE then writes all columns of the old row to the WAL, and a subscriber without a suitable index scans the whole table for it. The primary key, or a unique index over NOT NULL columns, identifies rows just as well.',
  check: eachStatement((statement) =>
    alterations(statement, 'AT_ReplicaIdentity').flatMap(({ table, command }) => {
      if (nodeOf(command.def, 'ReplicaIdentityStmt')?.identity_type !== 'f') return [];
      const hasKey = table.constraints.some(({ type }) => type === 'primary key');
      return [
        {
          message: `Every UPDATE and DELETE on ${called(table)} writes the whole old row to the WAL.`,
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
