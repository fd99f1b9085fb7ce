import { called, ident } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { lossIn, retypings } from './retype.js';
import type { Retyping } from './retype.js';

const orders = 'CREATE TABLE orders (id bigint PRIMARY KEY, name varchar(50), price numeric(10, 4), at timestamp)';

export const alterTypeNarrowing: Rule = {
  name: 'alter-type-narrowing',
  severity: 'warning',
  leavesTo: ['alter-type-rewrite'],
  title: 'Existing values may not fit into the new type.',
  why: 'On an empty shadow database, every type change succeeds. In production, a shorter varchar or a smaller integer fails at the first value that is too long or too large, and the whole migration is rolled back. Decimals and fractions of a second are silently rounded, and no revert restores them. A cast in USING silently truncates text; a USING expression that does more than cast is taken as intended. If alter-type-rewrite reports the same statement, it includes this finding.',
  check: eachStatement((statement) =>
    retypings(statement).flatMap((retyping) => {
      const { table, was, is } = retyping;
      const loss = lossIn(retyping);
      if (loss === undefined) return [];
      return [
        {
          message: `${called(table)}.${was.name} goes from ${was.type} to ${is.type}: ${loss}.`,
          advice: look(retyping),
        },
      ];
    }),
  ),
  bad: [
    { given: orders, sql: 'ALTER TABLE orders ALTER COLUMN name TYPE varchar(20)' },
    { given: orders, sql: 'ALTER TABLE orders ALTER price TYPE numeric(10, 2), ALTER at TYPE timestamp(0)' },
    { given: 'CREATE TABLE "Orders" ("Id" bigint)', sql: 'ALTER TABLE public."Orders" ALTER "Id" TYPE integer' },
  ],
  good: [
    { given: orders, sql: 'ALTER TABLE orders ALTER name TYPE varchar(60), ALTER price TYPE numeric(12, 4)' },
    { sql: `${orders}; ALTER TABLE orders ALTER name TYPE varchar(20)` },
    { given: orders, sql: 'ALTER TABLE orders ALTER COLUMN name TYPE text' },
  ],
};

/** Selects the rows that do not fit. */
function look({ table, was, is }: Retyping): string | undefined {
  const width = /^character(?: varying)?\((\d+)\)$/.exec(is.type)?.[1];
  const name = ident(was.name);
  const from = `FROM ${ident(table.schema)}.${ident(table.name)}`;
  if (width !== undefined)
    return `-- First find the rows that do not fit, and decide what to do with them:\nSELECT ${name} ${from} WHERE char_length(${name}::text) > ${width};`;
  if (/^(?:smallint|integer)$/.test(is.type) && /^(?:integer|bigint)$/.test(was.type)) {
    const largest = is.type === 'smallint' ? '32767' : '2147483647';
    return `-- First find the rows that do not fit, and decide what to do with them:\nSELECT ${name} ${from} WHERE ${name} > ${largest} OR ${name} < -${largest};`;
  }
  return undefined;
}
