import { declaredConstraints } from '../declared.js';
import { called, factsOf } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { foreignKeyOf, nameFor } from './definition.js';
import { foreignKeyByPartition } from './partitions.js';

const given =
  'CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE "Logins" ("userId" int, at date) PARTITION BY RANGE (at); CREATE TABLE logins_1 PARTITION OF "Logins" DEFAULT; CREATE INDEX ON "Logins" ("userId")';
const reference = 'FOREIGN KEY ("userId") REFERENCES users (id)';

export const addFkNotvalidPartitioned: Rule = {
  name: 'add-fk-notvalid-partitioned',
  severity: 'error',
  title: 'A partitioned table cannot have a NOT VALID foreign key before PostgreSQL 18.',
  why: 'Before PostgreSQL 18 the server refuses NOT VALID for a foreign key of a partitioned table (42809), and without it, writes wait while all rows are checked. Instead, add the foreign key NOT VALID to each partition and validate it there; the partitioned table then adopts these without a scan.',
  explains: ['42809'],
  check: eachStatement((statement, _migration, { targetVersion }) =>
    declaredConstraints(statement).flatMap(({ range, constraint, createsTable }) => {
      const table = factsOf(statement, range);
      const isMeant = constraint.contype === 'CONSTR_FOREIGN' && constraint.skip_validation && !createsTable;
      if (!isMeant || table?.kind !== 'partitioned table' || targetVersion >= 18) return [];
      return [
        {
          message: `PostgreSQL ${targetVersion} refuses it: ${called(table)} is partitioned.`,
          ...foreignKeyByPartition(table, nameFor(constraint, table, statement.altered), foreignKeyOf(constraint)),
        },
      ];
    }),
  ),
  bad: [
    { given, sql: `ALTER TABLE "Logins" ADD CONSTRAINT fk ${reference} NOT VALID`, fails: true },
    { sql: `${given}; ALTER TABLE public."Logins" ADD ${reference} NOT VALID`, fails: true },
  ],
  good: [
    {
      given,
      sql: [
        `ALTER TABLE logins_1 ADD CONSTRAINT fk ${reference} NOT VALID`,
        'ALTER TABLE logins_1 VALIDATE CONSTRAINT fk',
        `ALTER TABLE "Logins" ADD CONSTRAINT fk ${reference}`,
      ],
    },
    { sql: `${given}; ALTER TABLE "Logins" ADD ${reference}` },
  ],
};
