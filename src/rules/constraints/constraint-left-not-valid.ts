import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { after, alterations, called, ident, newConstraints, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { nameFor } from './definition.js';

const given = 'CREATE TABLE users (id int PRIMARY KEY, "Age" int)';

export const constraintLeftNotValid: Rule = {
  name: 'constraint-left-not-valid',
  severity: 'notice',
  title: 'A constraint is added NOT VALID and never validated.',
  why: 'A NOT VALID constraint is enforced for new and changed rows only: existing rows may violate it, a later UPDATE of such a row fails, and the planner does not rely on it. VALIDATE CONSTRAINT checks the existing rows while the table stays in use. VALIDATE CONSTRAINT in a later file of the same batch counts too.',
  check: eachStatement((statement, _migration, { batch }) => {
    const later = [statement, ...after(statement, batch)];
    return newConstraints(statement).flatMap(({ table, constraint }) => {
      const name = nameFor(constraint, table, statement.altered);
      if (!constraint.skip_validation || later.some((one) => settles(one, name)) || statement.error !== undefined)
        return [];
      return [
        {
          message: `Existing rows of ${called(table)} may violate ${ident(name)}.`,
          advice: `-- In a later migration:\nALTER TABLE ${sqlName(table)} VALIDATE CONSTRAINT ${ident(name)};`,
        },
      ];
    });
  }),
  bad: [
    { given, sql: 'ALTER TABLE users ADD CONSTRAINT "Adult" CHECK ("Age" > 17) NOT VALID' },
    {
      given: `${given}; CREATE SCHEMA shop; CREATE TABLE shop.orders ("userId" int)`,
      sql: 'ALTER TABLE ONLY shop.orders ADD FOREIGN KEY ("userId") REFERENCES users NOT VALID; ALTER TABLE users ADD note text',
    },
  ],
  good: [
    {
      given,
      sql: [
        'ALTER TABLE users ADD CONSTRAINT "Adult" CHECK ("Age" > 17) NOT VALID',
        'ALTER TABLE users VALIDATE CONSTRAINT "Adult"',
      ],
    },
    {
      given,
      sql: ['ALTER TABLE users ADD CONSTRAINT c CHECK ("Age" > 17) NOT VALID', 'ALTER TABLE users DROP CONSTRAINT c'],
    },
    { sql: `${given}; ALTER TABLE users ADD CHECK ("Age" > 17) NOT VALID` },
    { given, sql: 'ALTER TABLE IF EXISTS missing ADD CHECK ("Age" > 17) NOT VALID' },
  ],
};

/** Compared by name: a rename in between shows that the author knows of the constraint. */
function settles(statement: Observed, constraint: string): boolean {
  return (
    [...alterations(statement, 'AT_ValidateConstraint'), ...alterations(statement, 'AT_DropConstraint')].some(
      ({ command }) => command.name === constraint,
    ) || nodeOf(statement.tree, 'RenameStmt')?.subname === constraint
  );
}
