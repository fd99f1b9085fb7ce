import { nodeOf } from '../../observe/parser.js';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedInUse, inContract } from './named.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE VIEW emails AS SELECT email FROM users';

export const dropView: Rule = {
  name: 'drop-view',
  severity: 'warning',
  title: 'A view is dropped while the old version of the app may still use it.',
  why: 'During a deploy the old version of the app keeps running, and its queries on the view fail. A view that is created again in the same transaction is never missing; a materialized view is refilled, though, and reads of it wait.',
  check: eachStatement((statement, { phase, statements }) => {
    if (phase === 'contract') return;
    const dropped = [...droppedInUse(statement, 'OBJECT_VIEW'), ...droppedInUse(statement, 'OBJECT_MATVIEW')];
    return dropped
      .filter((view) => !isThereAgain(view, statement, statements))
      .map((view) => ({
        message: `The old version of the app no longer finds ${called(view)}.`,
        fix: inContract(`DROP ${view.kind === 'view' ? '' : 'MATERIALIZED '}VIEW ${sqlName(view)}`),
      }));
  }),
  bad: [
    { given: users, sql: 'DROP VIEW emails' },
    {
      given: `${users}; CREATE SCHEMA shop; CREATE MATERIALIZED VIEW shop."Sums" AS SELECT count(*) FROM users`,
      sql: 'DROP MATERIALIZED VIEW IF EXISTS shop."Sums"',
    },
  ],
  good: [
    { given: users, sql: 'DROP VIEW emails; CREATE VIEW emails AS SELECT email, id FROM users' },
    { given: users, sql: 'DROP VIEW emails', phase: 'contract' },
    { given: users, sql: 'CREATE OR REPLACE VIEW emails AS SELECT email, id FROM users' },
    { sql: `${users}; DROP VIEW emails` },
    { sql: 'DROP VIEW IF EXISTS emails' },
  ],
};

function isThereAgain({ schema, name }: TableFacts, statement: Observed, statements: readonly Observed[]): boolean {
  return statements.slice(statements.indexOf(statement) + 1).some(({ tree, transaction }) => {
    const made = nodeOf(tree, 'ViewStmt')?.view ?? nodeOf(tree, 'CreateTableAsStmt')?.into?.rel;
    const isSame = made?.relname === name && (made.schemaname ?? schema) === schema;
    return isSame && transaction === statement.transaction;
  });
}
