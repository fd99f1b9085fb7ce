import { nodeOf, textsOf } from '../../observe/parser.js';
import { called, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = `CREATE TABLE users (id int PRIMARY KEY, email text); CREATE FUNCTION lower_email() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END'`;

export const createTrigger: Rule = {
  name: 'create-trigger',
  severity: 'notice',
  optional: true,
  title: 'A trigger changes the effect and the cost of each write to a table in use.',
  why: 'It also runs for the old version of the app, inside its transactions and at the expense of their time, and no entity shows what it does. The lock itself is brief. A trigger that generate writes for the time between two phases is not reported.',
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'CreateTrigStmt');
    const table = tableInUse(statement, create?.relation);
    // Generated ones and their functions have one name.
    if (!create || !table || textsOf(create.funcname).at(-1) === create.trigname) return;
    return [
      {
        message: `Each write to ${called(table)} runs ${textsOf(create.funcname).join('.')}() as well, in every session.`,
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
