import type { Observed } from '../../observe/observed.js';
import { tagOf } from '../../observe/parser.js';
import { isAtLeast } from '../../observe/relation.js';
import type { Relation } from '../../observe/relation.js';
import { called } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { classify } from '../../sql/index.js';

const users = 'CREATE SCHEMA shop; CREATE TABLE shop."Users" (id int PRIMARY KEY, email text)';
const inBlock = (sql: string): string => `DO $$ BEGIN ${sql}; END $$`;

export const blockingWorkHidden: Rule = {
  name: 'blocking-work-hidden',
  severity: 'error',
  title: 'A DO block or a function blocks queries on a table.',
  why: 'The text of a DO block, a procedure or a function may not show what it does, so lint executes it and observes the effects. It is reported if it builds an index, rewrites a table or scans a whole table, and holds a lock that blocks other sessions until its transaction ends. As separate statements, the same changes can be written without blocking.',
  check: eachStatement((statement) => {
    if (!isHidden(statement)) return;
    const work = workOf(statement);
    if (work.length === 0) return;
    const reads = statement.locks.some(
      ({ relation: { kind }, mode }) =>
        (kind === 'table' || kind === 'materialized view') && mode === 'ACCESS EXCLUSIVE',
    );
    return [{ message: `${reads ? 'Reads and writes' : 'Writes'} wait while it ${work.join(', and ')}.` }];
  }),
  bad: [
    { given: users, sql: inBlock('CREATE INDEX ON shop."Users" (email)') },
    { given: users, sql: inBlock('EXECUTE \'ALTER TABLE shop."Users" ALTER id TYPE bigint\'') },
    { given: users, sql: inBlock('ALTER TABLE shop."Users" ADD CHECK (id > 0)') },
    {
      given: `${users}; CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE shop."Users" ALTER email SET NOT NULL'`,
      sql: 'SELECT f()',
    },
    { given: users, sql: inBlock('ALTER TABLE shop."Users" ADD seen date; UPDATE shop."Users" SET seen = now()') },
    { given: `${users}; CREATE MATERIALIZED VIEW m AS SELECT 1 AS x`, sql: inBlock('REFRESH MATERIALIZED VIEW m') },
  ],
  good: [
    { given: users, sql: inBlock('ALTER TABLE shop."Users" ADD seen date') },
    { given: users, sql: inBlock('ALTER TABLE shop."Users" ADD CHECK (id > 0) NOT VALID') },
    { sql: `${users}; ${inBlock('CREATE INDEX ON shop."Users" (email)')}` },
    { given: users, sql: 'SELECT count(*) FROM shop."Users"' },
    { given: users, sql: 'DO $$ BEGIN PERFORM * FROM shop."Users"; COMMIT; END $$', transaction: false },
  ],
};

function isHidden({ tree }: Observed): boolean {
  return tree === undefined || ['DoStmt', 'SelectStmt', 'CallStmt'].includes(tagOf(tree));
}

function workOf(statement: Observed): readonly string[] {
  const { builds, scans, locks, sql } = statement;
  const locked = new Set(locks.filter(({ mode }) => isAtLeast(mode, 'SHARE')).map(({ relation }) => relation.oid));
  const rewrites = statement.rewrites.filter((relation) => isWritten(statement, relation));
  const rewritten = new Set(rewrites.map(({ oid }) => oid));
  // TRUNCATE also gives the table and its indexes new files, but writes nothing into them.
  const emptied = new Set(
    statement.rewrites.filter(({ oid }) => !rewritten.has(oid) && !isCluster(sql)).map(({ oid }) => oid),
  );
  const built = builds.filter(({ table = 0 }) => !rewritten.has(table) && !emptied.has(table));
  const busy = new Set([...rewritten, ...emptied, ...built.map(({ table }) => table)]);
  const read = scans.filter(({ oid }) => locked.has(oid) && !busy.has(oid));
  return [
    ...(rewrites.length > 0 ? [`rewrites ${rewrites.map(called).join(', ')}`] : []),
    ...(built.length > 0 ? [`builds ${built.map(called).join(', ')}`] : []),
    ...(read.length > 0 ? [`reads all of ${read.map(called).join(', ')}`] : []),
  ];
}

/** The server reports when ALTER TABLE rewrites a table. */
function isWritten({ messages, sql }: Observed, { kind, name }: Relation): boolean {
  if (kind === 'materialized view' || isCluster(sql)) return true;
  return messages.some((message) => message.startsWith('rewriting table') && message.includes(`"${name}"`));
}

function isCluster(sql: string): boolean {
  return classify(sql).some((statement) => statement.mentions('CLUSTER'));
}
