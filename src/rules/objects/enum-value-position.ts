import { nodeOf, textsOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { quoteLiteral } from '../../sql/index.js';
import { bare } from '../recipes.js';

const mood = "CREATE TYPE mood AS ENUM ('sad', 'ok')";

export const enumValuePosition: Rule = {
  name: 'enum-value-position',
  severity: 'notice',
  optional: true,
  title: 'A new enum value without a position comes last.',
  why: 'ORDER BY, <, > and max() follow the order of the values, and the position of a value can never be changed. BEFORE or AFTER shows that the position was chosen.',
  check: eachStatement((statement) => {
    const alter = nodeOf(statement.tree, 'AlterEnumStmt');
    if (!alter || alter.oldVal || alter.newValNeighbor) return;
    return [
      {
        message: `${quoteLiteral(alter.newVal ?? '')} sorts after all other values of ${textsOf(alter.typeName).join('.')}.`,
        advice: `${bare(statement.sql)} AFTER '…';`,
      },
    ];
  }),
  bad: [
    { given: mood, sql: "ALTER TYPE mood ADD VALUE 'fine'" },
    { given: mood, sql: "ALTER TYPE public.mood ADD VALUE IF NOT EXISTS 'fine'" },
  ],
  good: [
    { given: mood, sql: "ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok'" },
    { given: mood, sql: "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", phase: 'contract' },
  ],
};
