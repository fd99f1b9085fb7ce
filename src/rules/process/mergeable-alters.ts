import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { classify } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, age int, visits int)';

export const mergeableAlters: Rule = {
  name: 'mergeable-alters',
  severity: 'notice',
  // These rules suggest separate statements that do not block, which merging would contradict.
  leavesTo: [
    'alter-type-rewrite',
    'alter-type-using-forces-rewrite',
    'alter-type-check-rescan',
    'alter-type-index-rebuild',
    'set-not-null-scan',
    'add-check-validating',
    'add-fk-validating',
    'add-column-volatile-default',
    'add-column-stored-generated',
    'add-column-serial-identity',
    'add-column-inline-constraint',
    'add-column-constrained-domain',
    'add-pk-blocking',
    'add-unique-blocking',
    'alter-generated-expression',
  ],
  title: 'Several ALTER TABLE statements scan the same table, although one would do.',
  why: 'Each statement that rewrites or checks a table scans all its rows. The parts of one ALTER TABLE share a single scan: changing two types in one statement blocks reads and writes for half as long as two statements do. Better still is a form that does not block at all; the rules about the individual statements describe it.',
  check: eachStatement((statement, { statements }) => {
    const table = goesThrough(statement);
    if (!table) return;
    const earlier = statements
      .slice(0, statements.indexOf(statement))
      .filter((other) => other.transaction === statement.transaction && goesThrough(other)?.oid === table.oid);
    if (earlier.length === 0) return;
    const times = earlier.length === 1 ? 'once' : `${earlier.length} times`;
    return [
      {
        message: `It scans all of ${called(table)} again, which the same transaction has already done ${times}.`,
        fix: `ALTER TABLE ${sqlName(table)}\n${[...earlier, statement].map(({ sql }) => `  ${classify(sql)[0]?.afterName ?? ''}`).join(',\n')};`,
      },
    ];
  }),
  bad: [
    {
      given: users,
      sql: 'ALTER TABLE users ALTER COLUMN age TYPE bigint; ALTER TABLE users ALTER COLUMN visits TYPE bigint',
    },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int, total int)',
      sql: 'ALTER TABLE shop."Order" ALTER COLUMN id SET NOT NULL; ALTER TABLE ONLY shop."Order" ADD CHECK (total > 0)',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int' },
    {
      sql: `${users}; ALTER TABLE users ALTER COLUMN age TYPE bigint; ALTER TABLE users ALTER COLUMN visits TYPE bigint`,
    },
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT a CHECK (age > 0) NOT VALID, ADD CONSTRAINT b CHECK (visits > 0) NOT VALID`,
      sql: 'ALTER TABLE users VALIDATE CONSTRAINT a; ALTER TABLE users VALIDATE CONSTRAINT b',
    },
  ],
};

/** VALIDATE blocks nothing, however often it runs. */
function goesThrough(statement: Observed): TableFacts | undefined {
  const table = alterations(statement).find(({ command }) => command.subtype !== 'AT_ValidateConstraint')?.table;
  return table && [...statement.scans, ...statement.rewrites].some(({ oid }) => oid === table.oid) ? table : undefined;
}
