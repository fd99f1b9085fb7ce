import { declaredConstraints, isSameName } from '../declared.js';
import { after, alterations, called, goesToo } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const given = 'CREATE TABLE users (id int CONSTRAINT "PK" PRIMARY KEY, name text NOT NULL)';

export const dropPk: Rule = {
  name: 'drop-pk',
  severity: 'warning',
  title: 'A table loses its primary key.',
  why: 'From then on, INSERT … ON CONFLICT on the key fails, logical replication refuses UPDATE and DELETE, a GROUP BY that relies on the key fails, and duplicate rows become possible, so that the key may be impossible to add again. CASCADE also drops the foreign keys that refer to it. Not reported if the table gets another primary key in the same batch.',
  check: eachStatement((statement, { phase }, { batch }) =>
    alterations(statement, 'AT_DropConstraint').flatMap(({ table, command }) => {
      const dropped = table.constraints.find(({ name }) => name === command.name);
      const range = { schemaname: table.schema, relname: table.name };
      const getsAnother = [statement, ...after(statement, batch)].some((one) =>
        declaredConstraints(one).some(
          (declared) => declared.constraint.contype === 'CONSTR_PRIMARY' && isSameName(declared.range, range),
        ),
      );
      if (dropped?.type !== 'primary key' || getsAnother || phase === 'contract') return [];
      if (goesToo(table, dropped.columns, statement, batch)) return [];
      const others =
        command.behavior === 'DROP_CASCADE' ? table.referredBy.map((one) => `${one.constraint} of ${called(one)}`) : [];
      const too = others.length === 0 ? '' : ` So do the foreign keys that refer to it: ${others.join(', ')}.`;
      return [
        {
          message: `${called(table)} loses its key (${dropped.columns.join(', ')}): ON CONFLICT on it fails, and duplicate rows become possible.${too}`,
        },
      ];
    }),
  ),
  bad: [
    { given, sql: 'ALTER TABLE users DROP CONSTRAINT "PK"' },
    {
      given: `${given}; CREATE SCHEMA shop; CREATE TABLE shop.orders ("userId" int REFERENCES users)`,
      sql: 'ALTER TABLE ONLY public.users DROP CONSTRAINT IF EXISTS "PK" CASCADE',
    },
  ],
  good: [
    {
      given: `${given}; CREATE UNIQUE INDEX k ON users (name)`,
      sql: 'ALTER TABLE users DROP CONSTRAINT "PK", ADD CONSTRAINT k PRIMARY KEY USING INDEX k',
    },
    { given, sql: 'ALTER TABLE users DROP CONSTRAINT "PK"', phase: 'contract' },
    { given, sql: 'ALTER TABLE users DROP CONSTRAINT IF EXISTS none' },
    { sql: `${given}; ALTER TABLE users DROP CONSTRAINT "PK"` },
  ],
};
