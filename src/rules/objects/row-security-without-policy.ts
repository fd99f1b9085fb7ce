import { nodeOf } from '../../observe/parser.js';
import { nameOf } from '../../observe/catalog.js';
import { alterations, called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const rowSecurityWithoutPolicy: Rule = {
  name: 'row-security-without-policy',
  severity: 'warning',
  title: 'Row level security without a policy hides all rows.',
  why: 'With ENABLE ROW LEVEL SECURITY, only the owner of the table (and superusers) can see or write a row that no policy allows; with FORCE, not even the owner can. Queries of the app do not fail; they return no rows. Create the policies in the same transaction.',
  check: eachStatement((statement, { statements }) =>
    alterations(statement).flatMap(({ table, command }) => {
      if (command.subtype !== 'AT_EnableRowSecurity' && command.subtype !== 'AT_ForceRowSecurity') return [];
      if (table.policies.length > 0) return [];
      const getsOne = statements.some(({ tree, tables, transaction }) => {
        const range = nodeOf(tree, 'CreatePolicyStmt')?.table;
        return transaction === statement.transaction && range && tables.get(nameOf(range))?.oid === table.oid;
      });
      if (getsOne) return [];
      if (command.subtype === 'AT_ForceRowSecurity' && !table.rowSecurity) return [];
      const owner = command.subtype === 'AT_ForceRowSecurity' ? 'Not even its owner' : 'Only its owner';
      return [
        {
          message: `${owner} sees rows of ${called(table)} from now on: the table has no policy.`,
          advice: `-- Before this statement, in the same transaction:\nCREATE POLICY … ON ${sqlName(table)} USING (…);`,
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ENABLE ROW LEVEL SECURITY' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int)',
      sql: 'ALTER TABLE IF EXISTS shop."Order" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    },
  ],
  good: [
    { given: users, sql: 'CREATE POLICY p ON users USING (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY' },
    { given: users, sql: 'ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.users USING (true)' },
    { sql: `${users}; ALTER TABLE users ENABLE ROW LEVEL SECURITY` },
    { given: users, sql: 'ALTER TABLE users DISABLE ROW LEVEL SECURITY' },
    // Rows are hidden only once row level security is enabled, and that statement is then reported.
    { given: users, sql: 'ALTER TABLE users FORCE ROW LEVEL SECURITY' },
  ],
};
