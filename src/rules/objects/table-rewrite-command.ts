import type { AlterTableCmd } from 'nest-migrate-dev/libpg-query';
import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { called } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const tableRewriteCommand: Rule = {
  name: 'table-rewrite-command',
  severity: 'error',
  title: 'VACUUM FULL, CLUSTER and moving a table rewrite it while reads and writes block.',
  why: 'VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET TABLESPACE and SET ACCESS METHOD rewrite the whole table and all its indexes under ACCESS EXCLUSIVE: reads and writes block for a time that grows with the table, and the disk needs room for a second copy of it. A plain VACUUM does not block. None of these commands changes what the app sees, so they do not belong in a migration.',
  check: eachStatement((statement) => {
    const command = commandOf(statement);
    const written = statement.rewrites.map(called).join(', ');
    if (command === undefined || written === '') return;
    return [
      {
        message: `Reads and writes block while ${command} rewrites ${written}.`,
        advice:
          '-- Outside of migrations, pg_repack and pg_squeeze do the same without blocking reads or writes.\n-- To reuse the space of dead rows, a plain VACUUM is enough.',
      },
    ];
  }),
  bad: [
    { given: users, sql: 'VACUUM (FULL, ANALYZE) users', transaction: false },
    { given: users, sql: 'CLUSTER users USING users_pkey' },
    { given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int)', sql: 'ALTER TABLE shop."Order" SET UNLOGGED' },
  ],
  good: [
    { given: users, sql: 'VACUUM users', transaction: false },
    { given: users, sql: 'ALTER TABLE users SET LOGGED, SET TABLESPACE pg_default' },
    { sql: 'CREATE TABLE users (id int PRIMARY KEY); CLUSTER users USING users_pkey; ALTER TABLE users SET UNLOGGED' },
  ],
};

const moves: Partial<Readonly<Record<NonNullable<AlterTableCmd['subtype']>, string>>> = {
  AT_SetLogged: 'SET LOGGED',
  AT_SetUnLogged: 'SET UNLOGGED',
  AT_SetTableSpace: 'SET TABLESPACE',
  AT_SetAccessMethod: 'SET ACCESS METHOD',
};

function commandOf({ tree }: Observed): string | undefined {
  if (nodeOf(tree, 'ClusterStmt')) return 'CLUSTER';
  if (nodeOf(tree, 'VacuumStmt')) return 'VACUUM FULL';
  for (const node of nodeOf(tree, 'AlterTableStmt')?.cmds ?? []) {
    const move = moves[nodeOf(node, 'AlterTableCmd')?.subtype ?? 'AT_AddColumn'];
    if (move !== undefined) return move;
  }
  return undefined;
}
