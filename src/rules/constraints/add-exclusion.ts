import { called, newConstraints } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const given = 'CREATE SCHEMA hotel; CREATE TABLE hotel."Stays" (id int PRIMARY KEY, during daterange)';

export const addExclusion: Rule = {
  name: 'add-exclusion',
  severity: 'error',
  title: 'ADD EXCLUDE blocks reads and writes while its index is built.',
  why: 'ADD CONSTRAINT … EXCLUDE builds its index and then searches for conflicting rows, all under an ACCESS EXCLUSIVE lock: reads and writes on the table block meanwhile. An exclusion constraint supports neither NOT VALID nor USING INDEX. Run the migration while the app is stopped, or create a new table with the constraint, and let a trigger copy every write until the new table replaces the old one.',
  check: eachStatement((statement) =>
    newConstraints(statement, 'CONSTR_EXCLUSION').flatMap(({ table }) => {
      if (statement.builds.length === 0) return [];
      return [
        {
          message: `Reads and writes on ${called(table)} block while the index is built and all rows are compared. Fails if two rows conflict.`,
        },
      ];
    }),
  ),
  bad: [
    { given, sql: 'ALTER TABLE hotel."Stays" ADD CONSTRAINT "no overlap" EXCLUDE USING gist (during WITH &&)' },
    { given, sql: 'ALTER TABLE ONLY hotel."Stays" ADD EXCLUDE (id WITH =) WHERE (id > 0)' },
  ],
  good: [
    { sql: `${given}; ALTER TABLE hotel."Stays" ADD EXCLUDE USING gist (during WITH &&)` },
    { sql: 'CREATE TABLE stays (during daterange, EXCLUDE USING gist (during WITH &&))' },
  ],
};
