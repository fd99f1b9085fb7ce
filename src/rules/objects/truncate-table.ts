import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { Relation } from '../../observe/relation.js';
import { called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { classify } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';
const posts = 'CREATE TABLE "Posts" (id int PRIMARY KEY, "authorId" int REFERENCES users)';

export const truncateTable: Rule = {
  name: 'truncate-table',
  severity: 'error',
  title: 'TRUNCATE deletes all rows while reads and writes block.',
  why: 'TRUNCATE holds ACCESS EXCLUSIVE until the transaction ends, fires no ON DELETE triggers, and the deleted rows cannot be restored. With CASCADE, it also empties every table whose foreign keys refer to the table, however large and busy it is.',
  check: eachStatement((statement) => {
    const truncated = truncatedBy(statement);
    if (truncated.length === 0) return;
    const named = new Set([...statement.tables.values()].map(({ oid }) => oid));
    const others = truncated.filter(({ oid }) => !named.has(oid)).map(called);
    const isCascade = nodeOf(statement.tree, 'TruncateStmt')?.behavior === 'DROP_CASCADE' && others.length > 0;
    return [
      {
        message: `All rows of ${truncated.map(called).join(', ')} are deleted${isCascade ? ` (${others.join(', ')} by CASCADE)` : ''}, and reads and writes on ${truncated.length === 1 ? 'it' : 'them'} block until the transaction ends.`,
        fix: referencingFirst(truncated, named)
          .map((table) => deleteInBatches(sqlName(table)))
          .join('\n'),
      },
    ];
  }),
  bad: [
    { given: users, sql: 'TRUNCATE users' },
    {
      given: `${users}; ${posts}`,
      sql: 'TRUNCATE TABLE ONLY public.users RESTART IDENTITY CASCADE',
      phase: 'contract',
    },
    { given: users, sql: `DO $$ BEGIN EXECUTE 'TRUNCATE users'; END $$` },
  ],
  good: [
    { sql: `${users}; TRUNCATE users` },
    {
      given: users,
      sql: 'DO $$ BEGIN LOOP DELETE FROM users WHERE ctid = ANY (ARRAY (SELECT ctid FROM users LIMIT 5000)); EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$',
      transaction: false,
    },
  ],
};

/** CASCADE reaches tables that refer to a named one; of the others, the one that was created later refers to the earlier one. */
function referencingFirst(truncated: readonly Relation[], named: ReadonlySet<number>): readonly Relation[] {
  const place = ({ oid }: Relation): number => (named.has(oid) ? 1 : 0);
  return truncated.toSorted((one, other) => place(one) - place(other) || other.oid - one.oid);
}

/** A rewrite leaves a debug message; TRUNCATE does not. */
function truncatedBy({ tree, sql, rewrites, messages }: Observed): readonly Relation[] {
  if (nodeOf(tree, 'TruncateStmt')) return rewrites;
  const isHidden = nodeOf(tree, 'DoStmt') && classify(sql)[0]?.mentions('TRUNCATE');
  return isHidden ? rewrites.filter(({ name }) => !messages.includes(`rewriting table "${name}"`)) : [];
}

function deleteInBatches(table: string): string {
  return `-- To delete the rows in batches: in a migration of its own, without a transaction (transaction = false).
DO $$
BEGIN
  LOOP
    DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${table} LIMIT 5000));
    EXIT WHEN NOT FOUND;
    COMMIT;
  END LOOP;
END $$;`;
}
