import { nodeOf, nodesOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { Relation } from '../../observe/relation.js';
import { called, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { batched } from './batched.js';
import { blockingHeld, readsAllOf } from './held.js';
import { classify, isInBatches } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text, name text)';

export const unbatchedBackfill: Rule = {
  name: 'unbatched-backfill',
  severity: 'warning',
  title: 'An UPDATE or DELETE processes a whole table in one transaction.',
  why: 'Each changed row stays locked until the transaction ends: writes to these rows block, for minutes on a large table. Meanwhile VACUUM cannot clean up, replicas lag, and an interruption rolls everything back. In batches of a few thousand rows, each in a transaction of its own, no write waits for long. If the transaction also holds the lock of an earlier statement, see rows-changed-while-holding-lock.',
  check: eachStatement((statement, migration) => {
    if (isInBatches(statement.sql) && !migration.transactional) return;
    if (blockingHeld(statement, migration).length > 0) return;
    return changedWhole(statement).map((table) => ({
      message: `It scans all of ${called(table)}, and each row that it changes stays locked until the transaction ends.`,
      fix: batched(statement),
    }));
  }),
  bad: [
    { given: users, sql: 'UPDATE users SET name = lower(email)' },
    { given: users, sql: "DELETE FROM ONLY public.users WHERE name = 'x'" },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY, total int)',
      sql: 'UPDATE shop."Order" AS o SET total = 0 WHERE total IS NULL',
      transaction: false,
    },
    {
      given: users,
      sql: "WITH gone AS (DELETE FROM users WHERE name = '' RETURNING id) SELECT count(*) FROM gone LIMIT 1",
    },
    { given: users, sql: `DO $$ BEGIN UPDATE users SET name = lower(email); END $$`, transaction: false },
  ],
  good: [
    { given: users, sql: "UPDATE users SET name = 'x' WHERE id IN (1, 2)" },
    { given: users, sql: "INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'x'" },
    { sql: `${users}; UPDATE users SET name = lower(email)` },
    {
      given: users,
      sql: `DO $$ DECLARE page bigint := 0; BEGIN WHILE page * 8192 < pg_relation_size('users') LOOP UPDATE users SET name = lower(email) WHERE ctid >= format('(%s,0)', page)::tid AND ctid < format('(%s,0)', page + 10)::tid AND name IS NULL; page := page + 10; COMMIT; END LOOP; END $$`,
      transaction: false,
    },
    {
      given: users,
      sql: 'DELETE FROM users WHERE ctid = ANY (ARRAY (SELECT ctid FROM users WHERE name IS NULL LIMIT 1000))',
    },
    {
      given: users,
      sql: 'WITH batch AS (SELECT id FROM users WHERE name IS NULL LIMIT 1000), gone AS (DELETE FROM users USING batch WHERE users.id = batch.id RETURNING 1) SELECT count(*) FROM gone',
    },
  ],
};

function changedWhole(statement: Observed): readonly (Relation | { readonly schema: string; readonly name: string })[] {
  const { tree, scans, locks, sql } = statement;
  if (nodeOf(tree, 'DoStmt')) {
    const [block] = classify(sql);
    if (!block?.mentions('UPDATE') && !block?.mentions('DELETE')) return [];
    if (block.runsAlone === 'always') return [];
    const written = new Set(locks.filter(({ mode }) => mode === 'ROW EXCLUSIVE').map(({ relation }) => relation.oid));
    return readsAllOf(statement).filter(({ oid }) => written.has(oid));
  }
  if (readsAllOf(statement).length === 0) return [];
  // The change may be inside another statement: WITH changed AS (UPDATE …) SELECT …
  const changes = [...nodesOf(tree, 'UpdateStmt'), ...nodesOf(tree, 'DeleteStmt')];
  const tables = changes.flatMap((change) =>
    isLimited(change, tree) ? [] : (tableInUse(statement, change.relation) ?? []),
  );
  return tables.filter(({ oid, kind }) => scans.some((scan) => scan.oid === oid) || kind === 'partitioned table');
}

/** Whether it changes a single batch: a LIMIT bounds the number of rows. */
function isLimited(change: object, tree: Observed['tree']): boolean {
  const beside = [...nodesOf(nodeOf(tree, 'SelectStmt')?.withClause, 'CommonTableExpr')];
  return [...nodesOf([change, ...beside], 'SelectStmt')].some(({ limitCount }) => limitCount !== undefined);
}
