import { nodeOf, textsOf } from '../../observe/parser.js';
import { called, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = `CREATE TABLE users (id int PRIMARY KEY, email text); CREATE FUNCTION lower_email() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END'`;

export const createTrigger: Rule = {
  name: 'create-trigger',
  severity: 'notice',
  optional: true,
  title: 'A new trigger changes the effect and the cost of every write to a table in use.',
  why: 'The trigger also fires for the old version of the app, within its transactions, which take longer, and no entity shows what it does. The lock itself is brief. Triggers that `generate` writes to bridge two phases are not reported.',
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'CreateTrigStmt');
    const table = tableInUse(statement, create?.relation);
    // A generated trigger and its function share one name.
    if (!create || !table || textsOf(create.funcname).at(-1) === create.trigname) return;
    return [
      {
        message: `Every write to ${called(table)} now also runs ${textsOf(create.funcname).join('.')}(), in every session.`,
      },
    ];
  }),
  bad: [
    { given: users, sql: 'CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION lower_email()' },
    {
      given: users,
      sql: 'CREATE TRIGGER "T" AFTER UPDATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.lower_email()',
    },
  ],
  good: [
    {
      given: `${users}; CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION lower_email()`,
      sql: 'DROP TRIGGER t ON public.users',
    },
    {
      given: users,
      sql: 'CREATE TRIGGER lower_email BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION lower_email()',
    },
    { sql: `${users}; CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION lower_email()` },
  ],
};
