import { nodeOf, textsOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

export const createDomainWithConstraint: Rule = {
  name: 'create-domain-with-constraint',
  severity: 'notice',
  optional: true,
  title: 'A domain with a constraint makes later changes expensive.',
  why: 'Adding a column of a domain that has a CHECK or NOT NULL rewrites the whole table, even without a default, and adding a constraint to the domain scans all tables that use it while writes wait. A CHECK constraint on the table has neither cost.',
  check: eachStatement(({ tree }) => {
    const create = nodeOf(tree, 'CreateDomainStmt');
    const checks = (create?.constraints ?? []).filter((node) =>
      ['CONSTR_CHECK', 'CONSTR_NOTNULL'].includes(nodeOf(node, 'Constraint')?.contype ?? ''),
    );
    if (!create || checks.length === 0) return;
    const name = textsOf(create.domainname).join('.');
    return [
      {
        message: `Adding a column of the type ${name} rewrites the whole table. A CHECK constraint on the table avoids this.`,
      },
    ];
  }),
  bad: [
    { sql: 'CREATE DOMAIN "Price" AS numeric CHECK (VALUE > 0)' },
    { sql: 'CREATE SCHEMA shop; CREATE DOMAIN shop.price AS numeric DEFAULT 1 NOT NULL' },
  ],
  good: [
    { sql: "CREATE DOMAIN label AS text DEFAULT ''" },
    { sql: 'CREATE TABLE items (id int PRIMARY KEY, "Price" numeric CHECK ("Price" > 0))' },
  ],
};
