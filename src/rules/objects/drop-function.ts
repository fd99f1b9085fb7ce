import { nodeOf, textsOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedNames, inContract, isMade } from './named.js';

const twice = 'CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT n * 2 $$';

export const dropFunction: Rule = {
  name: 'drop-function',
  severity: 'warning',
  title: 'A function is dropped while the old version of the app, or another function, may still call it.',
  why: 'PostgreSQL knows which views, triggers and defaults use a function, but not whether the app or other functions call it: such calls fail from the commit on. If the function is created again in the same transaction, they fail only if its arguments change.',
  check: eachStatement((statement, { phase, statements }, { batch }) => {
    const drop = nodeOf(statement.tree, 'DropStmt');
    const kinds: readonly (string | undefined)[] = ['OBJECT_FUNCTION', 'OBJECT_PROCEDURE', 'OBJECT_ROUTINE'];
    if (!drop || phase === 'contract' || !kinds.includes(drop.removeType)) return;
    // The rule drop-cascade reports its dependents; with IF EXISTS, the function may not exist.
    if (statement.cascades.length > 0) return;
    if (
      statement.messages.some((message) => /^(?:function|procedure|routine) .* does not exist, skipping$/.test(message))
    )
      return;
    const rest = statements.slice(statements.indexOf(statement) + 1);
    return droppedNames(drop)
      .filter((parts) => !isMade('function', parts, statement, batch))
      .filter(
        (parts) =>
          !rest.some(({ tree }) => textsOf(nodeOf(tree, 'CreateFunctionStmt')?.funcname).at(-1) === parts.at(-1)),
      )
      .map((parts) => ({
        message: `Any code that still calls ${parts.join('.')}() will fail.`,
        fix: inContract(statement.sql),
      }));
  }),
  bad: [
    { given: twice, sql: 'DROP FUNCTION twice(int)' },
    {
      given: 'CREATE SCHEMA shop; CREATE PROCEDURE shop."Close"() LANGUAGE sql AS $$ SELECT 1 $$',
      sql: 'DROP PROCEDURE IF EXISTS shop."Close"()',
    },
  ],
  good: [
    { given: twice, sql: `DROP FUNCTION twice(int); ${twice}` },
    { given: twice, sql: 'DROP FUNCTION twice', phase: 'contract' },
    { sql: `${twice}; DROP FUNCTION twice` },
    { sql: 'DROP FUNCTION IF EXISTS twice(int)' },
  ],
};
