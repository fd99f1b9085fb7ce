import { nodesOf } from '../../observe/parser.js';
import { called, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const deleteAllRows: Rule = {
  name: 'delete-all-rows',
  severity: 'warning',
  title: 'DELETE without WHERE removes every row.',
  why: 'A revert cannot restore deleted rows, and foreign keys with ON DELETE CASCADE delete rows of other tables too. A forgotten condition looks just the same. WHERE true shows that all rows are meant.',
  check: eachStatement((statement) =>
    [...nodesOf(statement.tree, 'DeleteStmt')].flatMap(({ relation, whereClause, usingClause }) => {
      const table = tableInUse(statement, relation);
      if (!table || whereClause !== undefined || usingClause !== undefined) return [];
      const others = table.referredBy.map(({ schema, name }) => called({ schema, name }));
      const along = others.length > 0 ? ` Foreign keys of ${[...new Set(others)].join(', ')} refer to it.` : '';
      return [
        {
          message: `Every row of ${called(table)} is deleted.${along}`,
          advice: '-- If you mean all rows, write: DELETE … WHERE true',
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'DELETE FROM users' },
    {
      given: `${users}; CREATE TABLE posts (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE)`,
      sql: 'WITH gone AS (DELETE FROM public.users RETURNING id) SELECT count(*) FROM gone',
    },
  ],
  good: [
    { given: users, sql: "DELETE FROM users WHERE id = 1 AND email = ''" },
    {
      given: `${users}; CREATE TABLE old (id int)`,
      sql: 'DELETE FROM users USING (SELECT 1 AS id LIMIT 1) o WHERE users.id = o.id',
    },
    { sql: `${users}; DELETE FROM users` },
  ],
};
